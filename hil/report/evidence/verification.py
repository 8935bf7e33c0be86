"""The check of a whole run folder without its reports being made anew: what ``hil evidence verify`` tells."""

from __future__ import annotations

from pathlib import Path

from hil.errors import ConfigurationError
from hil.evidence.record import RunRecord
from hil.report.evidence.report_sums import report_faults
from hil.report.integrity import Statement, check, seal_of


def verified(folder: Path) -> Statement:
    """Return whether the run folder is what was recorded, its reports included.

    Raises ConfigurationError if it is no run folder.
    """
    try:
        record = RunRecord.load(folder)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"this is no run folder ({error})", place=str(folder)) from None
    statement = check(record, [seal_of(scenario) for scenario in record.scenarios])
    faults = list(report_faults(folder))
    if faults:
        sentences = faults if statement.sound else [*statement.sentences, *faults]
        return Statement(False, sentences, altered=True)
    return statement
