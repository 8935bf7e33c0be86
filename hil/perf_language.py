"""What the language costs: checking ten thousand steps."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from hil.bdd.catalogue import Catalogue
from hil.bdd.preflight import check
from hil.bdd.reader import read_paths
from hil.clock import stopwatch

SCENARIOS = 1000
STEPS = 10
DEFINITIONS = 200
TRIES = 5


def definitions() -> str:
    """Return a step module with 200 definitions, half of them with two parameters."""
    each = """
@when("the cable on outlet {number} pays {{amount}} for each of {{int}} payments")
def _(amount, count, /): ...
@then("the socket of outlet {number} cuts the power within {{duration}}")
def _(limit, /): ...
"""
    made = "".join(each.format(number=number) for number in range(DEFINITIONS // 2))
    return f"from hil.bdd.catalogue import then, when\n{made}"


def feature() -> str:
    """Return a feature of 1000 scenarios with 10 steps each, no two of which are alike."""
    lines = ["Feature: Many steps"]
    for i in range(SCENARIOS):
        lines.append(f"  Scenario: Number {i}")
        for j in range(STEPS // 2):
            lines.append(f"    When the cable on outlet {(i + j) % 100} pays {i + 1} sat for each of {j} payments")
            lines.append(f"    Then the socket of outlet {(i * j) % 100} cuts the power within {i + j} ms")
    return "\n".join(lines) + "\n"


def measure() -> Mapping[str, Any]:
    """Return the figures of ``make perf``."""
    return {"check_10000_steps_s": round(_check(), 3)}


def _check() -> float:
    """From the file on the disk to the list of problems, which is empty; modules are loaded already."""
    module = ModuleType("many_steps")
    exec(compile(definitions(), "many_steps.py", "exec"), module.__dict__)  # noqa: S102 - our own text, from above
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.feature"
        path.write_text(feature())
        tries = []
        for _ in range(TRIES):
            elapsed = stopwatch()
            problems = check(read_paths([path]), Catalogue.of_modules([module]))
            tries.append(elapsed())
            if problems:
                sys.exit(f"a figure would mean nothing: {problems[0]}")
    return statistics.median(tries)
