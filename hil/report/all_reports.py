"""Every report of a run, from one view of it."""

from __future__ import annotations

from pathlib import Path

from hil.evidence.record import RunRecord
from hil.report.html import write_html
from hil.report.junit import write_junit
from hil.report.run_view import RunView, view_run


def write_reports(folder: Path) -> RunView:
    """Write ``junit.xml`` and ``report.html`` into the run folder; return what they tell, for who tells it elsewhere.

    Raises FileNotFoundError or ValueError if the folder has no readable ``run.json``.
    """
    run = view_run(RunRecord.load(folder))
    write_junit(run)
    write_html(run)
    return run
