"""Lets pytest collect feature files and run them on a rig; the fixtures of the bench stand in fixtures/."""

pytest_plugins = ["hil.bdd.collection", "hil.bdd.plugin", "hil.bdd.scenarios", "fixtures.bench", "fixtures.ledger"]
