"""``hil note``: what a person has to say of a run after it has ended."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path
from typing import Any

from hil.errors import ConfigurationError, ExitCode


def add_note_command(commands: Any) -> None:
    """Add ``note`` to argparse's ``commands``."""
    note = commands.add_parser("note", help="add a note to a finished run; its reports are written anew")
    note.add_argument("run", help="run folder")
    note.add_argument("text", help="what is to be said of the run")
    note.add_argument("--who", help="who says it (default: the user of this machine)")
    note.set_defaults(act=_note)


def _note(options: argparse.Namespace, _: list[str]) -> int:
    from hil.evidence.run_folder.notes import add_note
    from hil.report.all_reports import write_reports
    from hil.report.evidence.report_sums import write_sums
    from hil.report.html.page import REPORT_FILE

    folder = Path(options.run).resolve()
    add_note(folder, options.text, options.who or _user())
    write_reports(folder)
    write_sums(folder)
    print(folder / REPORT_FILE)
    return ExitCode.PASS


def _user() -> str:
    """Return the name of the user; raises ConfigurationError if this machine does not know it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise ConfigurationError("this machine does not know who you are", remedy="Add --who NAME.") from None
