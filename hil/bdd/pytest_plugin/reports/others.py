"""What a run tells others than its reader: the index of runs, a service for continuous integration, and Allure.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hil.bdd.pytest_plugin.keys import CLOSING
from hil.errors import HilError
from hil.history.index import write_index
from hil.report.ci.allure import write_allure
from hil.report.ci.service import AUTO, Service, service_of, tell
from hil.report.run_view import RunView
from hil.rig.config.project import find_project
from hil.scenario.run_folder import RUNS

if TYPE_CHECKING:
    from hil.scenario.run import Run

TOLD = pytest.StashKey[RunView]()
"""What the reports of the run tell."""

LOG_LINES = pytest.StashKey[list[str]]()
"""For the log of a service, as they are."""


def add_options(group: pytest.OptionGroup) -> None:
    """Add the options that say whom a run tells of itself."""
    group.addoption(
        "--ci",
        choices=(AUTO, *Service),
        default=AUTO,
        help="tell this service of what did not pass (default: %(default)s, the one in which it runs)",
    )
    group.addoption("--allure", default=None, metavar="DIR", help="write results for Allure into this folder, too")


def tell_others(config: pytest.Config, run: Run) -> None:
    """Tell of the run in the index, and to whom options and environment name.

    Raises RigFault if the laboratory's folder, or that for Allure, takes nothing.
    """
    told = config.stash.get(TOLD, None)
    if told is None:
        return
    write_index(run.root / RUNS.parent, told)
    if location := find_project(config.rootpath).history:
        config.stash[CLOSING] += _added(location, run)
    config.stash[LOG_LINES] = tell(told, service_of(config.getoption("ci"), os.environ), run.root, os.environ)
    if folder := config.getoption("allure"):
        write_allure(told, Path(config.invocation_params.dir, folder).expanduser())


def _added(location: str, run: Run) -> list[str]:
    """Add the run to the history; return what kept it from there: no verdict depends on that."""
    from hil.history.facts import read_facts  # loads SQLAlchemy: only where the history is on
    from hil.history.store import History

    try:
        with History.open(location, run.root) as history:
            history.add(read_facts(run.folder))
    except HilError as error:
        return [f"not in the history: {error}"]
    return []
