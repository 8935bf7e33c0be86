"""A probe looks at one thing, within a deadline; what it saw is a finding, with a remedy unless all is well."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hil.clock import stopwatch
from hil.errors import HilError
from hil.rig.labgrid.bounded_call import BoundedCall

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DEADLINE_S: Final = 2.0
"""Longest wait in seconds for a probe; probes that :func:`look_at` gets together run at the same time."""


class State(enum.StrEnum):
    """How a finding is meant; only a problem makes the command fail."""

    OK = "ok"
    NOT_NEEDED = "not needed"
    """It is missing or was not looked at, and nothing here uses it."""
    WARNING = "warning"
    """Runs work; a person should know of it."""
    PROBLEM = "problem"
    """Runs fail because of it, or cannot begin."""


@dataclass(frozen=True)
class Sight:
    """What a probe saw. Made by :func:`ok`, :func:`not_needed`, :func:`warning` and :func:`problem`."""

    state: State
    seen: str
    remedy: str = ""


def ok(seen: str) -> Sight:
    """Return that all is well."""
    return Sight(State.OK, seen)


def not_needed(seen: str, remedy: str) -> Sight:
    """Return that something is not there and not used; ``remedy`` says how to have it nevertheless."""
    return Sight(State.NOT_NEEDED, seen, remedy)


def warning(seen: str, remedy: str) -> Sight:
    """Return what a person should know of."""
    return Sight(State.WARNING, seen, remedy)


def problem(seen: str, remedy: str) -> Sight:
    """Return what keeps runs from working."""
    return Sight(State.PROBLEM, seen, remedy)


@dataclass(frozen=True)
class Surroundings:
    """What is looked at.

    :param folder: where the command was called.
    :param rig: rig file of ``--rig``; None: no rig in particular.
    :param devices: where the system has its device files.
    :param usb: where the kernel lists the devices on USB (sysfs).
    """

    folder: Path
    rig: Path | None
    devices: Path
    usb: Path


@dataclass(frozen=True)
class Probe:
    """One thing to look at.

    :param id: ``theme.name``; does not change between versions of the framework.
    :param look: changes nothing; any error that it raises becomes a problem.
    :param optional: not every run uses what it looks at: that the probe fails is a warning only.
    """

    id: str
    title: str
    look: Callable[[], Sight]
    optional: bool = False


@dataclass(frozen=True)
class Finding:
    """What a probe saw, under its name."""

    id: str
    title: str
    state: State
    seen: str
    remedy: str

    @classmethod
    def of(cls, probe: Probe, sight: Sight) -> Finding:
        """Return the finding of ``probe``; all of it on one line each, and without what a terminal would obey."""
        return cls(probe.id, probe.title, sight.state, _one_line(sight.seen), _one_line(sight.remedy))


def look_at(*probes: Probe, deadline: float = DEADLINE_S) -> list[Finding]:
    """Return what the probes see, in their order.

    A probe that raises or takes longer than ``deadline`` seconds is a finding too. Its thread is then left alone; it
    does not keep the process from ending.
    """
    elapsed = stopwatch()
    return [begun.finding(max(0.0, deadline - elapsed()), deadline) for begun in [_Begun(each) for each in probes]]


class _Begun:
    """A probe that is under way."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._sights: list[Sight] = []
        self._call = BoundedCall(lambda: self._sights.append(probe.look()))

    def finding(self, seconds: float, deadline: float) -> Finding:
        return Finding.of(self._probe, self._sight(seconds, deadline))

    def _sight(self, seconds: float, deadline: float) -> Sight:
        failed = warning if self._probe.optional else problem
        if not self._call.wait(seconds):
            return failed(f"no answer within {deadline:g} s", "Find out what keeps it; the machine may be overloaded.")
        try:
            self._call.result()
        except HilError as error:
            place = f"{error.place}: " if error.place else ""
            return failed(f"{place}{error.what}", error.remedy or "Mend that, and look again.")
        except Exception as error:  # a probe that fails is a finding
            return failed(f"cannot be looked at ({type(error).__name__}: {error})", "Mend that, and look again.")
        return self._sights[0]


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
