"""Stability: how the rig measures one level from session to session, as a control chart of individual values.

The value of a session is the mean deviation from the reference at its middle level, the master part of MSA-4. Limits
and rules are those of :mod:`hil.history.statistics.control_chart`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from hil.history.statistics.control_chart import ControlLimits, Signal, control_limits, signals
from hil.history.studies.sessions import StudySession


@dataclass(frozen=True)
class SessionMean:
    """The mean deviation of a session at the master level."""

    label: str
    began: str
    mean: float


@dataclass(frozen=True)
class Stability:
    """A control chart; without limits if there are fewer than two sessions, or all are equal."""

    level: float
    points: tuple[SessionMean, ...]
    limits: ControlLimits | None
    signals: tuple[Signal, ...]


def stability(sessions: Sequence[StudySession], quantity: str) -> Stability | None:
    """Return the control chart of a quantity over sessions, oldest first; None if none has measured it."""
    levels = sorted({each.level for session in sessions for each in session.of(quantity)})
    if not levels:
        return None
    level = levels[len(levels) // 2]
    points = []
    for session in sessions:
        deviations = [each.deviation for each in session.of(quantity) if each.level == level]
        if deviations:
            points.append(SessionMean(session.label, session.began, fmean(deviations)))
    means = [each.mean for each in points]
    limits = control_limits(means)
    return Stability(level, tuple(points), limits, tuple(signals(means, limits)) if limits is not None else ())
