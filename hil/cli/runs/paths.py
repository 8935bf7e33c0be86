"""What ``hil run`` runs if no path is on its command line: the laboratory's features, and its tests if it has any."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from hil.cli.laboratory import shown

if TYPE_CHECKING:
    from hil.rig.config.project import Project


class LaboratoryPaths:
    """A plugin for a session of pytest, which alone can tell a path from the value of an option."""

    def __init__(self, project: Project) -> None:
        folders = [project.features, *([project.tests] if project.tests.is_dir() else [])]
        self._paths = [shown(folder) for folder in folders]
        self.arguments = ["-o", f"testpaths={shlex.join(self._paths)}"]
        """For pytest; it heeds them in its root folder only, and there loads the conftest.py files in them first."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Hook of pytest: put the laboratory's paths in."""
        from hil.bdd.pytest_internals import choose_paths  # pytest wants to load pytest-bdd itself, and has by now

        choose_paths(config, self._paths)
