"""The laboratory of a session of pytest: its ``[tool.hil]``, below what the command line says.

PYTEST_DONT_REWRITE: other plugins import this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.bdd.language.document import shown
from hil.errors import ConfigurationError
from hil.rig.config.project import Project, look_for_project

PROJECT = pytest.StashKey[Project]()


def project_of(config: pytest.Config) -> Project:
    """Return the laboratory at or above pytest's root folder; outside of one that folder, with the defaults.

    Raises pytest.UsageError for a mistake in its table.
    """
    if PROJECT not in config.stash:
        try:
            found = look_for_project(config.rootpath)
        except ConfigurationError as error:
            raise pytest.UsageError(str(error)) from None
        config.stash[PROJECT] = found or Project.with_defaults(config.rootpath)
        config.stash[PROJECT].make_importable()
    return config.stash[PROJECT]


def rig_of(config: pytest.Config) -> Path:
    """Return the path of the rig file, as messages show it: that of ``--rig``, else the laboratory's."""
    chosen: str | None = config.getoption("rig", None)
    return Path(chosen or shown(project_of(config).rig))


def node_of(config: pytest.Config) -> str | None:
    """Return the provider of the node: that of ``--node``, else of ``NODE``, else the laboratory's; None: ``auto``."""
    return project_of(config).provider(config.getoption("node", None))
