"""What the language costs: checking ten thousand steps, and running them beside pytest-bdd and behave."""

from __future__ import annotations

import importlib.util
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from hil.bdd.check.preflight import check
from hil.bdd.language.catalogue import Catalogue
from hil.bdd.language.reader import read_paths
from hil.clock import stopwatch

SCENARIOS = 1000
STEPS = 10
DEFINITIONS = 200
TRIES = 5
TIMEOUT_S = 300

PAYS = "the cable on outlet {number} pays {amount} for each of {count} payments"
CUTS = "the socket of outlet {number} cuts the power within {time}"

OURS = """
@when("{pays}")
def _(amount, count, /): ...
@then("{cuts}")
def _(limit, /): ...
"""

THEIRS = """
@when({parse}("{pays}"))
def _({context}amount, count): ...
@then({parse}("{cuts}"))
def _({context}time): ...
"""


def measure() -> Mapping[str, Any]:
    """Return the figures of ``make perf``; those of a framework that is not installed are null."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "features").mkdir()
        (root / "features" / "many.feature").write_text(feature())
        return {
            "check_10000_steps_s": round(_check(root), 3),
            "overhead_1000x10_s": {
                "hil": _whole_process(root, _our_project, TRIES),
                "pytest-bdd": _whole_process(root, _stock_project, 1),
                "behave": _whole_process(root, _behave_project, 1) if importlib.util.find_spec("behave") else None,
            },
        }


def feature() -> str:
    """Return a feature of 1000 scenarios with 10 steps each, few of which are alike."""
    lines = ["Feature: Many steps"]
    for i in range(SCENARIOS):
        lines.append(f"  Scenario: Number {i}")
        for j in range(STEPS // 2):
            lines.append(f"    When {PAYS.format(number=(i + j) % 100, amount=f'{i + 1} sat', count=j)}")
            lines.append(f"    Then {CUTS.format(number=(i * j) % 100, time=f'{i + j} ms')}")
    return "\n".join(lines) + "\n"


def definitions() -> str:
    """Return a step module with 200 definitions that do nothing."""
    made = [
        OURS.format(
            pays=PAYS.format(number=number, amount="{amount}", count="{int}"),
            cuts=CUTS.format(number=number, time="{duration}"),
        )
        for number in range(DEFINITIONS // 2)
    ]
    return "from hil.bdd.language.catalogue import then, when\n" + "".join(made)


def _their_definitions(parse: str, context: str) -> str:
    return "".join(
        THEIRS.format(
            parse=parse,
            context=context,
            pays=PAYS.format(number=number, amount="{amount}", count="{count}"),
            cuts=CUTS.format(number=number, time="{time}"),
        )
        for number in range(DEFINITIONS // 2)
    )


def _check(root: Path) -> float:
    """From the file on the disk to the list of problems, which is empty; modules are loaded already."""
    module = ModuleType("many_steps")
    exec(compile(definitions(), "many_steps.py", "exec"), module.__dict__)  # noqa: S102 - our own text, from above
    tries = []
    for _ in range(TRIES):
        elapsed = stopwatch()
        problems = check(read_paths([root / "features"]), Catalogue.of_modules([module]))
        tries.append(elapsed())
        if problems:
            raise SystemExit(f"a figure would mean nothing: {problems[0]}")
    return statistics.median(tries)


def _our_project(root: Path) -> list[str]:
    (root / "conftest.py").write_text('pytest_plugins = ["hil.bdd.pytest_plugin.collection"]\n')
    (root / "many_steps.py").write_text(definitions())
    (root / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    (root / "pyproject.toml").write_text('[tool.hil]\nsteps = ["many_steps"]\n')
    # as hil run has it
    without = ("hil", "cacheprovider", "hypothesispytest", "labgrid")
    return ["pytest", "-q", *(f"-pno:{plugin}" for plugin in without), "features"]


def _stock_project(root: Path) -> list[str]:
    (root / "conftest.py").write_text("")
    (root / "pytest.ini").write_text("[pytest]\n")
    steps = _their_definitions("parsers.parse", "")
    head = "from pytest_bdd import parsers, scenarios, then, when\nscenarios('features')\n"
    (root / "test_many.py").write_text(head + steps)
    without = ("cacheprovider", "hypothesispytest", "labgrid")
    return ["pytest", "-q", *(f"-pno:{plugin}" for plugin in without), "test_many.py"]


def _behave_project(root: Path) -> list[str]:
    (root / "features" / "steps").mkdir()
    steps = _their_definitions("", "context, ")
    (root / "features" / "steps" / "many.py").write_text(f"from behave import then, when\n{steps}")
    return ["behave", "--format", "null", "features"]


def _whole_process(root: Path, make: Callable[[Path], list[str]], tries: int) -> float:
    """From the start of the process to its end; each scenario must pass."""
    command = [sys.executable, "-m", *make(root)]
    walls = []
    for _ in range(tries):
        elapsed = stopwatch()
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        walls.append(elapsed())
        if done.returncode != 0 or f"{SCENARIOS} " not in done.stdout:
            raise SystemExit(f"a figure would mean nothing: {command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return round(statistics.median(walls), 2)
