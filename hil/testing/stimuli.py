"""What the framework's own When steps do to the devices, for steps that do the same in another order or number.

Each name is a module of functions that get the :class:`hil.testing.ScenarioRun`, act, and write what they did to the
evidence, so that measurements and the monitor of invariants know of it.
"""

from __future__ import annotations

from hil.scenario.stimuli import (
    bench,
    ledger,
    link,
    mains_plug_and_load,
    operator,
    program,
    session_walk,
    supply_and_link,
    text_line,
)

__all__ = [
    "bench",
    "ledger",
    "link",
    "mains_plug_and_load",
    "operator",
    "program",
    "session_walk",
    "supply_and_link",
    "text_line",
]
