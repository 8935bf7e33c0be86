"""What the framework's own steps measure, for steps that measure the same against other limits.

Each name is a module of functions that get an :class:`hil.testing.Observer` and return what was observed, for
:func:`hil.testing.counted`, :func:`~hil.testing.timed`, :func:`~hil.testing.sampled` and their short forms; some return
a whole :class:`hil.testing.Check`. ``lab`` and ``windows`` are what measurements of one's own are built of: energy,
power and voltage at the lab meter with their bounds.
"""

from __future__ import annotations

from hil.scenario.measurements import (
    abuse,
    bench,
    cuts,
    energy,
    lab,
    ledger,
    link,
    payments,
    privacy,
    program,
    session,
    voltage_gaps,
    windows,
)

__all__ = [
    "abuse",
    "bench",
    "cuts",
    "energy",
    "lab",
    "ledger",
    "link",
    "payments",
    "privacy",
    "program",
    "session",
    "voltage_gaps",
    "windows",
]
