"""Scenarios at the desk, with the framework's own steps: what is told of them, by line."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from hil.bdd.check import rig_problems
from hil.bdd.check.preflight import check
from hil.bdd.check.rig_file import read_rig
from hil.bdd.language.catalogue import Catalogue, load_catalogue
from hil.bdd.language.naming import cases
from hil.bdd.language.reader import parse

if TYPE_CHECKING:
    from hil.bdd.language.document import Problem
    from hil.rig.config.rig_file import RigFile

ROOT = Path(__file__).parents[4]

SOUND = """
Given the socket is under test in single-fee mode
And the load draws 1300 W
And the cable pays for at most 5 payments
When the devices are switched on
And the session has ended
Then 5 payments of 0.1 mBTC were accepted
And the energy delivered is 40 Wh within 2 %
"""


@functools.cache
def steps() -> Catalogue:
    """Return the framework's own steps."""
    return load_catalogue()


@functools.cache
def virtual() -> RigFile:
    """Return the virtual rig."""
    rig, wrong = read_rig(ROOT / "rigs/virtual.yaml", steps())
    assert rig is not None
    assert not wrong
    return rig


def feature(text: str) -> str:
    """Return a feature with one scenario of these steps, whose first step stands in line 3."""
    lines = [f"    {line}" for line in text.strip().splitlines()]
    return "\n".join(["Feature: f", "  Scenario: s", *lines, ""])


def found(text: str, catalogue: Catalogue | None = None, *, whole: bool = True) -> list[Problem]:
    """Return what is wrong with a scenario of these steps on any rig.

    :param whole: it is written to its end.
    """
    return check([parse(Path("x.feature"), feature(text))], catalogue or steps(), whole=whole)


def on_rig(text: str, rig: RigFile | None = None) -> list[Problem]:
    """Return what of a scenario of these steps a rig cannot do, does not offer, or cannot decide."""
    document = parse(Path("x.feature"), feature(text))
    return [
        each for case in cases(document) for each in rig_problems.problems(document, case, steps(), rig or virtual())
    ]


def with_step(old: str, new: str) -> str:
    """Return the sound scenario with one passage replaced."""
    assert old in SOUND
    return SOUND.replace(old, new)
