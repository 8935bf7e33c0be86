"""Lets pytest collect feature files and run them on a rig; the fixtures of the bench stand in fixtures/."""

pytest_plugins = [
    "hil.bdd.pytest_plugin.collection",
    "hil.bdd.pytest_plugin.run",
    "hil.bdd.pytest_plugin.scenarios",
    "fixtures.bench",
    "fixtures.ledger",
]
