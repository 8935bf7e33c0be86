"""The live line: what the bench does at this moment. On a terminal one line that is rewritten, else one each 10 s.

On a terminal it stands below the line on which pytest counts the scenarios, and the cursor returns there.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hil.clock import stopwatch

if TYPE_CHECKING:
    from hil.scenario.scenario import ScenarioRun

TERMINAL_PERIOD_S = 0.1
PLAIN_PERIOD_S = 10.0
_BELOW = b"\x1bD\x1b[A\x1b7\x1b[B\r\x1b[2K"
"""Index and cursor up (so that there is a line below), save the cursor, go down, erase that line (ECMA-48, VT100)."""
_BACK = b"\x1b8"


class LiveLine:
    """Writes past pytest's capture: through a copy of the standard output that was taken before it began."""

    def __init__(self) -> None:
        self.step = ""
        self.since = 0.0
        """When the step began, by the bench's clock."""
        self._file = os.dup(1)
        self._terminal = os.isatty(self._file)
        self._period = TERMINAL_PERIOD_S if self._terminal else PLAIN_PERIOD_S
        self._watch = stopwatch()
        self._due = self._period
        self._shown = False
        self.held = False
        """True while a person types an answer: nothing else is shown then."""
        self.say = self.write
        """Output callback; in a worker it forwards to the parent."""

    def begin_step(self, step: str, now: float) -> None:
        """``step`` begins at this instant of the bench's clock."""
        self.step, self.since = step, now

    def show(self, scenario: ScenarioRun) -> None:
        """Show where the scenario stands, if the last time is long enough ago."""
        if self.held or self._watch() < self._due:
            return
        self._due = self._watch() + self._period
        self.say(describe(scenario, self.step, self.since))

    def write(self, text: str) -> None:
        """Let the line be ``text``."""
        if self._terminal:
            width = os.get_terminal_size(self._file).columns or 80
            self._write(_BELOW + text[: width - 1].encode() + _BACK)
            self._shown = True
        else:
            self._write(b"\n" + text.encode() + b"\n")

    def clear(self) -> None:
        """Take the line away, so that what pytest prints stands alone."""
        if self._shown:
            self._write(_BELOW + _BACK)
            self._shown = False

    def close(self) -> None:
        """Clear the line and close the terminal; a second time changes nothing."""
        self.clear()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self, data: bytes) -> None:
        try:
            os.write(self._file, data)
        except OSError:
            self._due = float("inf")  # nobody reads any more; the run goes on


def describe(scenario: ScenarioRun, step: str, since: float = 0.0) -> str:
    """Return one line: bench time, power, credit, energy, the step and how long it runs, what is awaited, until when.

    :param since: when the step began, in seconds of the bench's time.
    """
    now, watch = scenario.clock.now(), scenario.observer.watch
    left = f", at most {watch.until - now:.0f} s" if watch.awaited and watch.until is not None else ""
    awaited = f"; awaiting {watch.awaited}{left}" if watch.awaited else ""
    figures = f"{now:8.1f} s  {watch.power_w:z7.1f} W  credit {watch.credit_wh:z6.2f} Wh  {watch.energy_wh:z6.2f} Wh"
    return f"{figures}  {step} ({now - since:.1f} s){awaited}"
