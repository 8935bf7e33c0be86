"""The laboratory in which the tests of a plug-in run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.rig.config.project import look_for_project

if TYPE_CHECKING:
    from hil.rig.config.project import Project


def laboratory_of(config: pytest.Config) -> Project | None:
    """Return the laboratory of these tests, if there is one; the plug-ins of its table are found from then on."""
    project = look_for_project(config.rootpath)
    if project is not None:
        project.make_importable()
    return project


class InLaboratory:
    """Lets the plug-ins of the table ``[tool.hil.plugins]`` be found; those that are installed are found anyway."""

    @pytest.fixture(autouse=True)
    def _laboratory(self, request: pytest.FixtureRequest) -> None:
        laboratory_of(request.config)
