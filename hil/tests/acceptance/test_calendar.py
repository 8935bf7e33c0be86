"""Programs whose calendar the bench sets; needs libfaketime."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hil.devices.lockstep.command import DeviceCommand
from hil.evidence.documents import Kind, Verdict
from hil.tests.acceptance.commands import Finished
from hil.vbench.devices.calendar import Calendar

YEARS_S = 3 * 365 * 86400.0
READS = "import time; print(time.time(), time.monotonic())"


def clocks(calendar: Calendar | None = None) -> tuple[float, float]:
    """Return what a program reads from its calendar and from the clock by which it measures, in seconds."""
    plain = DeviceCommand(["/usr/bin/python3", "-c", READS], Path("/"))
    command = plain if calendar is None else calendar.seen_by(plain)
    said = subprocess.run(
        list(command.words), env=command.environment(), capture_output=True, text=True, check=True
    ).stdout
    date, measured = said.split()
    return float(date), float(measured)


def test_a_program_reads_the_date_that_was_set_and_measures_time_as_before(tmp_path: Path) -> None:
    calendar = Calendar(tmp_path / "calendar")
    calendar.move(YEARS_S)
    now, began = clocks()
    date, measured = clocks(calendar)
    assert abs(date - now - YEARS_S) < 60
    assert 0 <= measured - began < 60
    calendar.move(-2 * YEARS_S)
    date, _ = clocks(calendar)
    assert abs(date - now + YEARS_S) < 60


def test_devices_in_other_languages_go_on_with_their_session_whatever_date_they_read(set_calendars: Finished) -> None:
    assert set_calendars.code == 0, set_calendars.said
    verdicts = [scenario.verdict for scenario in set_calendars.record.scenarios]
    assert verdicts == [Verdict.PASS] * 5
    forward = set_calendars.record.scenarios[0]
    changes = [event.data for event in forward.of(Kind.FAULT) if event.source == "calendar"]
    assert changes == [{"what": "socket: +9.4608e+07 s", "who": "bench"}]
