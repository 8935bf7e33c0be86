"""Lets pytest collect feature files and run them on a rig; the fixtures of the bench stand in fixtures/."""

pytest_plugins = ["hil.bdd.collection", "hil.bdd.plugin", "fixtures.bench", "fixtures.ledger"]
