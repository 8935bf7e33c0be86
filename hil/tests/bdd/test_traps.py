"""Each way to write a scenario that passes and proves nothing: pytest-bdd lets it pass, ``hil check`` refuses it.

The features are those in hil/tests/bdd/traps. pytest-bdd runs them by itself, with steps of the same words that do
nothing, or fail; each trap says what comes of that.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hil.cli.main import main

ROOT = Path(__file__).parents[3]
TRAPS = Path(__file__).parent / "traps"

STOCK_STEPS = """
from pytest_bdd import given, parsers, then, when

@given(parsers.parse("the {device} is under test in {mode} mode"))
def under_test(device, mode): ...

@given(parsers.parse("a toaster of {power} is plugged into the cable"))
def toaster(power): ...

@given(parsers.parse("the cable pays for at most {count} payments"))
def budget(count): ...

@given(parsers.parse("the load draws {power}"))
def draws(power): print("the load draws", power)

@given(parsers.parse("the cable's coins are worth {amount}"))
def worth(amount): print("worth", amount)

@given(parsers.parse("the cable underpays by {amount} from the {ordinal} payment on"))
def underpays(amount, ordinal): ...

@when("the devices are switched on")
def switched_on(): print("the mains are on")

@when("the session has ended")
def ended(): ...

@then(parsers.parse("the power was cut within {limit} of the refused payment"))
def cut(limit): ...

@then(parsers.parse("at most {energy} flowed unpaid"))
def unpaid(energy): ...

@then(parsers.parse("the energy delivered is {energy} within {tolerance}"))
def delivered(energy, tolerance): ...
"""

ASYNC_STEPS = """
from pytest_bdd import then

@then("the power is off")
async def off(): raise AssertionError("the power is on")
"""

AMBIGUOUS_STEPS = """
from pytest_bdd import parsers, then

@then("the power is off")
def off(): raise AssertionError("the power is on")

@then(parsers.parse("the {what} is off"))
def anything_off(what): ...
"""


@dataclass(frozen=True)
class Trap:
    """:ivar stock: what pytest-bdd makes of it: the outcome of each test that it finds.
    :ivar message: what ``hil check`` says, after the name of the file.
    :ivar options: of ``hil check``.
    :ivar prints: what shows that pytest-bdd took the wrong thing for the right one.
    """

    stock: tuple[str, ...]
    message: str
    options: tuple[str, ...] = ()
    code: int = 4
    prints: str = ""
    steps: str = STOCK_STEPS


RIG = ("--rig", "rigs/virtual.yaml")

EXPECTED = {
    "async_step": Trap(
        ("passed",),
        "hil/tests/bdd/traps/async_steps.py:8:1: the step 'the power is off' is async; nobody would run its body."
        " Write 'def'",
        ("--steps", "hil.tests.bdd.traps.async_steps"),
        steps=ASYNC_STEPS,
    ),
    "ambiguous_step": Trap(
        ("passed",),
        ":3:10: 'the power is off' is ambiguous: it matches 'Then the power is off'"
        " (hil/tests/bdd/traps/ambiguous_steps.py:8) and 'Then the {word} is off'"
        " (hil/tests/bdd/traps/ambiguous_steps.py:14). Reword the step or one definition",
        ("--steps", "hil.tests.bdd.traps.ambiguous_steps"),
        steps=AMBIGUOUS_STEPS,
    ),
    "misspelt_keyword": Trap(
        ("passed",),
        ":3:5: 'Giben the socket is under test in single-fee mode' is read as a description, not as a step. Did you"
        " mean 'Given the socket is under test in single-fee mode'? If it is prose, begin it with another word",
    ),
    "empty_scenario": Trap(
        ("passed",),
        ":2:3: the scenario 'To be written next week' has no step, so it would pass without doing anything. Write its"
        " steps, or remove it",
    ),
    "no_examples": Trap(
        ("passed",),
        ":2:3: the outline 'The load draws <power>' has no Examples, so it would never run with a value. Write"
        " 'Examples:' and a table below its steps",
        prints="the load draws <power>",
    ),
    "empty_examples": Trap(
        ("passed",),
        ":7:5: these Examples have no row, so nothing would run for them. Write a row of values, or remove them",
        prints="the load draws <power>",
    ),
    "missing_column": Trap(
        ("passed",),
        ":4:24: the Examples at line 7 have no column 'pwoer'. Their columns are power. Did you mean 'power'?",
        prints="the load draws <pwoer>",
    ),
    "unused_column": Trap(
        ("passed", "passed"),
        ":8:9: no step uses the column 'power'. Write '<power>' in a step, or remove it",
        prints="the load draws 1300 W",
    ),
    "duplicate_row": Trap(("passed", "passed"), ":10:7: this row is the same as that at line 9. Remove one of them"),
    "duplicate_name": Trap(
        ("passed",),
        ":7:3: there is a scenario 'The load draws its power' at line 2 already. Rename one: reports and reruns go by"
        " the name",
    ),
    "undefined_step": Trap(
        ("failed",),
        ":5:10: undefined step 'Then the sokcet has stopped'.",
        prints="the mains are on",
    ),
    "unknown_tag": Trap(
        ("passed",),
        ":2:3: '@smok' is not a known tag. Did you mean '@smoke'? "
        "Known tags are the framework's and the 'markers' in pyproject.toml",
    ),
    "unknown_requirement": Trap(
        ("passed",),
        ":2:3: '@REQ-POWER-99' is not a known requirement.",
    ),
    "misfitting_unit": Trap(
        ("passed",),
        ":4:24: 'kg' is not a unit of power; known: W, kW, mW. The step is 'Given the load draws {power}'",
        prints="the load draws 5 kg",
    ),
    "half_a_satoshi": Trap(
        ("passed",),
        ":4:37: '0.5 sat' is 0.5 sat; money is counted in whole satoshi",
        prints="worth 0.5 sat",
    ),
    "ignored_table": Trap(
        ("passed",),
        ":4:9: 'Given the load draws {power}' takes no data table, so what stands below it would be ignored.",
    ),
    "beyond_rig": Trap(
        ("passed",),
        ":4:9: 2000 W is outside what rig 'virtual' can draw: above 0 W, at most 1800 W (its load is an IT8615)",
        RIG,
        prints="the load draws 2 kW",
    ),
    "undecidable_limit": Trap(
        ("passed",),
        ":7:10: warning: rig 'virtual' cannot decide a limit of 20 ms: its meter updates every 100 ms, so no reading"
        " shows an edge of power within 100 ms",
        RIG,
        code=6,
    ),
    "undecidable_tolerance": Trap(
        ("passed",),
        ":6:10: warning: rig 'virtual' cannot decide 0.01 % of 40 Wh, which is 0.004 Wh: its meter is uncertain by",
        RIG,
        code=6,
    ),
    "doubtful_limit": Trap(
        ("passed",),
        ":8:10: note: rig 'virtual-wt310e' might not decide a limit of 0.1 Wh: its meter is uncertain by 0.06352 Wh"
        " for up to 16 Wh in 44.3 s, which counts twice. A limit of 0.127 Wh or more, a smaller range or a better meter"
        " decides it",
        ("--rig", "rigs/virtual-wt310e.yaml"),
        code=0,
    ),
    "missing_rig_feature": Trap(
        ("passed",),
        ":2:3: note: rig 'bench-example' has no feature 'programmable-mains'",
        ("--rig", "rigs/bench-example.yaml"),
        code=5,
    ),
    "unknown_rig_feature": Trap(
        ("passed",),
        ":2:3: no rig knows the feature 'programable-mains'; known: link-faults, operator, programmable-mains,"
        " seeded-defects, seeded-faults, switches-under-load, virtual. Did you mean 'programmable-mains'?",
    ),
    "nothing_checked": Trap(
        ("passed",),
        ":3:3: the scenario 'Nothing is checked' has no Then step, so it would pass whatever happens. End it with a"
        " Then step that measures; 'hil steps then' lists them",
    ),
    "never_switched_on": Trap(
        ("passed",),
        ":5:5: 'When the session has ended' needs devices that are switched on, and no step of this scenario switches"
        " them on. Write 'When the devices are switched on' before it",
    ),
    "set_up_too_late": Trap(
        ("passed",),
        ":5:5: 'Given the load draws 1300 W' sets up what is switched on at line 4 already: it has no effect here."
        " Write it before that line",
    ),
    "underpaid_by_nothing": Trap(
        ("passed",),
        ":5:32: '0 sat' makes no sense here: an amount above 0 is needed",
    ),
    "uncovered_requirement": Trap(
        ("passed",),
        "features/requirements.yaml:7:3: no scenario shows REQ-BOOT-1:",
        ("--coverage",),
    ),
}


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[str], str]]:
    """For each trap, what pytest-bdd by itself makes of it: the outcomes of its tests, and what they print."""
    folder = tmp_path_factory.mktemp("stock")
    for name, trap in EXPECTED.items():
        shutil.copy(TRAPS / f"{name}.feature", folder)
        text = f"from pytest_bdd import scenarios\nscenarios('{name}.feature')\n{trap.steps}"
        (folder / f"test_{name}.py").write_text(text, encoding="utf-8")
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:labgrid", "-p", "no:hypothesispytest", "--junitxml=out.xml"]
    command = [sys.executable, "-m", "pytest", *options, "-o", "junit_logging=system-out", "--rootdir=."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert (folder / "out.xml").is_file(), done.stdout + done.stderr
    found: dict[str, tuple[list[str], str]] = {name: ([], "") for name in EXPECTED}
    for case in ElementTree.parse(folder / "out.xml").iter("testcase"):  # noqa: S314 - pytest has just written it
        name = str(case.get("classname")).removeprefix("test_")
        outcomes, output = found[name]
        ended = "failed" if case.find("failure") is not None else "skipped" if case.find("skipped") is not None else ""
        found[name] = ([*outcomes, ended or "passed"], output + (case.findtext("system-out") or ""))
    return found


def test_each_trap_is_expected_and_the_other_way_round() -> None:
    assert {path.stem for path in TRAPS.glob("*.feature")} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_pytest_bdd_takes_it_for_right(stock: dict[str, tuple[list[str], str]], name: str) -> None:
    outcomes, output = stock[name]
    assert tuple(outcomes) == EXPECTED[name].stock
    assert EXPECTED[name].prints in output


@pytest.mark.parametrize("name", EXPECTED)
def test_check_refuses_it(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    path, trap = f"hil/tests/bdd/traps/{name}.feature", EXPECTED[name]

    assert main(["check", path, *trap.options]) == trap.code

    said = capsys.readouterr().out.splitlines()
    wanted = f"{path}{trap.message}" if trap.message.startswith(":") else trap.message
    assert any(line.startswith(wanted) for line in said), said
