"""The laboratory in which the tests of a plug-in run."""

from __future__ import annotations

import pytest

from hil.rig.config.project import look_for_project


class InLaboratory:
    """Lets the plug-ins of the table ``[tool.hil.plugins]`` be found; those that are installed are found anyway."""

    @pytest.fixture(autouse=True)
    def _laboratory(self, request: pytest.FixtureRequest) -> None:
        project = look_for_project(request.config.rootpath)
        if project is not None:
            project.make_importable()
