"""Every report of a run, from one view of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hil.errors import RigFault
from hil.evidence.record import RunRecord
from hil.evidence.run_folder.files import on_disk
from hil.report.evidence.report_sums import write_sums
from hil.report.html.page import write_html
from hil.report.junit import write_junit
from hil.report.run_view import RunView, view_run


def read_run(folder: Path) -> RunView:
    """Return what the reports of the run tell; raises OSError or ValueError if it has no readable ``run.json``."""
    return view_run(RunRecord.load(folder))


def write_reports(folder: Path) -> RunView:
    """Write ``junit.xml`` and ``report.html`` into the run folder; return what they tell, for who tells it elsewhere.

    Raises OSError or ValueError if the folder has no readable ``run.json``, RigFault if the disk takes no report.
    """
    run = read_run(folder)
    write_files(run)
    return run


def write_files(run: RunView, folder: Path | None = None) -> None:
    """Write the reports of ``run``; raises RigFault if one cannot be written, the other is written all the same.

    :param folder: another one than that of the run.
    """
    problem: RigFault | None = None
    for write in (write_junit, write_html):
        try:
            write(run, folder or run.folder)
        except RigFault as error:
            problem = problem or error
    if folder is None:
        write_sums(run.folder)
    if problem is not None:
        raise problem


def write_elsewhere(run: RunView) -> Path:
    """Write the reports of ``run`` into a new temporary folder, and return that: its own takes none.

    Raises RigFault if no disk takes them.
    """
    with on_disk(Path(tempfile.gettempdir())):
        folder = Path(tempfile.mkdtemp(prefix="hil-report-"))
    write_files(run, folder)
    return folder
