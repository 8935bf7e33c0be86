"""All themes, one after the other: a library that one of them lacks does not keep the others from being looked at."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from hil.doctor.finding import Finding, Probe, State, problem
from hil.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.doctor.finding import Surroundings

THEMES: Final = ("machine", "installation", "node", "instruments", "folder", "rig")
"""Modules of this package, each with a function ``look``, which import libraries that may be missing; the rig last."""


def examine(around: Surroundings) -> list[Finding]:
    """Return all findings, in the order of the themes; raises ConfigurationError for a rig file that is wrong."""
    rig = _look("rig", around)  # first: if its file is wrong, that is all there is to tell
    return [*(finding for theme in THEMES[:-1] for finding in _look(theme, around)), *rig]


def exit_code(findings: Sequence[Finding]) -> ExitCode:
    """Return ``RIG_FAULT`` if there is a problem: the laboratory acts."""
    return ExitCode.RIG_FAULT if any(each.state is State.PROBLEM for each in findings) else ExitCode.PASS


def _look(theme: str, around: Surroundings) -> list[Finding]:
    try:
        module = importlib.import_module(f"hil.doctor.{theme}")
    except ImportError as error:
        sight = problem(f"cannot be looked at: {error}", "Install micropay-hil again, with all that it demands.")
        return [Finding.of(Probe(f"{theme}.theme", theme, lambda: sight), sight)]
    found: list[Finding] = module.look(around)
    return found
