"""What pytest loads by the entry point ``hil``, in every folder of a machine that has the framework: it is light.

In a laboratory (hil/rig/config/project.py) it loads the plugins that collect and run feature files, so that the
laboratory needs no ``conftest.py`` for them. Elsewhere it does nothing. ``pytest -p no:hil`` leaves all of it out.

PYTEST_DONT_REWRITE: a test imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import pytest

from hil.errors import ConfigurationError
from hil.rig.config.project import look_for_project

PLUGINS = tuple(
    f"hil.bdd.pytest_plugin.{name}"
    for name in ("collection", "run", "scenarios", "fixtures", "python_tests", "options")
)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Hook of pytest: its root folder is known, and options can still be added.

    Raises pytest.UsageError for a mistake in the laboratory's table.
    """
    try:
        found = look_for_project(early_config.rootpath)
    except ConfigurationError as error:
        raise pytest.UsageError(str(error)) from None
    if found is not None:
        for name in PLUGINS:
            early_config.pluginmanager.import_plugin(name)
