"""The reports of a run, and what is told of it last on the terminal.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.bdd.pytest_plugin.keys import CLOSING, REMARKS
from hil.bdd.pytest_plugin.reports.others import TOLD
from hil.errors import RigFault
from hil.evidence.documents import Verdict
from hil.report.all_reports import read_run, write_elsewhere, write_files
from hil.report.html.page import REPORT_FILE
from hil.report.summary import slowest_steps, summary_lines

if TYPE_CHECKING:
    from hil.scenario.run import Run

REPORT = pytest.StashKey[str]()
"""Where the report is."""


def write_run_reports(config: pytest.Config, run: Run) -> None:
    """Write the reports of what there is, if need be elsewhere; raises RigFault for what kept them from the folder.

    Evidence that was altered while the run was under way is told, and is the verdict of the run.
    """
    try:
        told = read_run(run.folder)
    except (OSError, ValueError) as error:
        raise RigFault(f"the run folder cannot be read any more: {error}", place=str(run.folder)) from error
    config.stash[TOLD] = told
    if told.integrity.altered:
        run.note(Verdict.ALTERED, "; ".join(told.integrity.sentences))
    config.stash[CLOSING] = [*slowest_steps(told, config.getoption("step_times")), *summary_lines(told)]
    try:
        write_files(told)
        config.stash[REPORT] = str((run.folder / REPORT_FILE).relative_to(run.root))
    except RigFault:
        config.stash[REPORT] = str(write_elsewhere(told) / REPORT_FILE)
        raise


def last_lines(config: pytest.Config, run: Run) -> list[str]:
    """Return what happened to the run beside its scenarios, its seed, where its report is, and its digest."""
    report = config.stash.get(REPORT, "none could be written")
    digests = [f"observations digest: {run.observations_digest}", f"evidence digest: {run.digest or 'none'}"]
    return [*config.stash.get(REMARKS, []), *run.befell, f"seed: {run.seed}", f"report: {report}", *digests]
