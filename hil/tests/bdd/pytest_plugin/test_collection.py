"""Real pytest runs over feature files, with the options of the project's pyproject.toml."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# imported here, so that the runs in this process find it loaded; pytester forgets what they load themselves
from hil.bdd.pytest_plugin import collection
from hil.tests.bdd.samples import STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[4]

TOAST = """
    @slow
    Feature: Toast
      Background:
        Given a 1300 W toaster

      Scenario: One slice of bread
        When the cable pays 0.1 mBTC for each of 5 payments
        Then the socket cuts the power within 500 ms

      @rig(dut1)
      Scenario Outline: The cable cheats
        When the cable pays <sum> for each of <n> payments
        Then the ledger holds:
          | sum   |
          | <sum> |
        And the report says:
          \"\"\"
          paid <sum>
            in <n>
          \"\"\"
        Examples:
          | sum   | n |
          | 1 sat | 5 |
        @late
        Examples:
          | sum   | n |
          | 2 sat | 6 |

      Rule: Small payments
        Background:
          Given a 1 kW toaster
        Scenario: Inside [a] rule
          When the socket waits 2 s
          Then the socket cuts the power within 1 s
"""

SWEDISH = """
    # language: sv
    Egenskap: Rosta
      Scenario: En skiva
        Givet en brödrost på 1300 W
        När the cable waits 1 min
"""

BROKEN = """
    Feature: Broken
      Scenario: Heavy
        Given a 5 kg toaster
"""

LATE = """
    Feature: f
      Scenario: s
        Then the socket cuts the power within 1 min
"""

IDS = [
    "features/sv.feature::En skiva",
    "features/toast.feature::One slice of bread",
    "features/toast.feature::The cable cheats[1 sat-5]",
    "features/toast.feature::The cable cheats[2 sat-6]",
    "features/toast.feature::Inside (a) rule",
]

CONFTEST = f"""
pytest_plugins = ["{collection.__name__}"]
"""


class Project:
    """A folder with features and steps, and pytest runs in it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
        lines = [f"addopts = {options['addopts']}", "pythonpath = .", "markers ="]
        lines += ["    slow: takes long", "    late: comes last", "    rig(name): needs this rig", "filterwarnings ="]
        lines += [f"    {each}" for each in options["filterwarnings"]]
        pytester.makeini("[pytest]\n" + "\n".join(lines) + "\n")
        self.write("conftest.py", CONFTEST)
        self.write("pyproject.toml", '[tool.hil]\nsteps = ["bench_steps"]\n')
        self.write("bench_steps.py", STEPS)
        self.write("features/toast.feature", TOAST)
        self.write("features/sv.feature", SWEDISH)

    def write(self, name: str, text: str) -> None:
        path = self.pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run pytest in this process; labgrid starts only once in a process, hypothesis takes a second to load."""
        without = [word for name in ("hil", "labgrid", "hypothesispytest") for word in ("-p", f"no:{name}")]
        return self.pytester.runpytest_inprocess(*without, *arguments)

    def collected(self, *arguments: str) -> list[str]:
        result = self.run("--collect-only", "-q", *arguments)
        assert result.ret == pytest.ExitCode.OK, str(result.stderr)
        return [line for line in result.outlines if "::" in line]


@pytest.fixture
def project(pytester: pytest.Pytester) -> Iterator[Project]:
    before = set(sys.modules)
    yield Project(pytester)
    for name in set(sys.modules) - before:
        if name.startswith("bench_steps"):
            del sys.modules[name]


def log_of(result: pytest.RunResult) -> list[str]:
    return re.findall(r"LOG (.*)", str(result.stdout))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["features"], IDS),
        (["features/sv.feature"], IDS[:1]),
        (["features/toast.feature::One slice of bread"], [IDS[1]]),
        (["features/toast.feature::The cable cheats"], IDS[2:4]),
        (["features/toast.feature::The cable cheats[2 sat-6]"], [IDS[3]]),
        (["features/toast.feature::Inside (a) rule"], [IDS[4]]),
        (["features/toast.feature::Inside (a) rule", "features/toast.feature::One slice of bread"], [IDS[4], IDS[1]]),
        (["features", "-k", "slice and not skiva"], [IDS[1]]),
        (["features", "-m", "rig"], IDS[2:4]),
        (["features", "-m", "slow and not rig"], [IDS[1], IDS[4]]),
        (["features", "-m", "late"], [IDS[3]]),
        (["features/toast.feature:7"], [IDS[1]]),
        (["features/toast.feature:7:12"], [IDS[1]]),
        (["features/toast.feature:11"], IDS[2:4]),
        (["features/toast.feature:27", "features/sv.feature:3"], [IDS[3], IDS[0]]),
        (["features/toast.feature:29"], [IDS[4]]),
    ],
)
def test_argument_selects(project: Project, arguments: list[str], expected: list[str]) -> None:
    assert project.collected(*arguments) == expected


REQUIREMENTS = "".join(
    f"- {{id: REQ-{name}, text: It works., source: Slides}}\n" for name in ("HEAT-1", "PAY-1", "PAY-2")
)

TAGGED = """
    @REQ-HEAT-1
    Feature: Tagged
      @REQ-PAY-1
      Scenario: One
        Given a 1 W toaster
      Scenario: Two
        Given a 2 W toaster
"""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--requirement", "REQ-HEAT-1"], ["One", "Two"]),
        (["--requirement", "REQ-PAY-1"], ["One"]),
        (["-m", "REQ-PAY-1"], ["One"]),
        (["-m", "REQ-HEAT-1 and not REQ-PAY-1"], ["Two"]),
        (["--requirement", "REQ-PAY-1", "--requirement=REQ-PAY-2"], ["One"]),
    ],
)
def test_requirement_selects_the_scenarios_that_show_it(
    project: Project, arguments: list[str], expected: list[str]
) -> None:
    project.write("features/requirements.yaml", REQUIREMENTS)
    project.write("features/tagged.feature", TAGGED)
    assert project.collected("features", *arguments) == [f"features/tagged.feature::{name}" for name in expected]


def test_requirement_that_is_none_refuses_the_run(project: Project) -> None:
    project.write("features/requirements.yaml", REQUIREMENTS)
    project.write("features/tagged.feature", TAGGED)
    result = project.run("features", "--requirement", "REQ-PAY-3")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "'REQ-PAY-3' is not a requirement; known: REQ-HEAT-1, REQ-PAY-1, REQ-PAY-2" in str(result.stderr)


def test_wrong_requirements_refuse_the_run(project: Project) -> None:
    project.write("features/requirements.yaml", "- id: REQ-PAY-1\n")
    result = project.run("features")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "features/requirements.yaml:1:3: 'text' is missing" in str(result.stderr)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["features/sv.feature", "--repeat", "3"], [IDS[0], f"{IDS[0]}#2", f"{IDS[0]}#3"]),
        ([IDS[0], "--repeat", "2"], [IDS[0], f"{IDS[0]}#2"]),
        ([IDS[3], "--repeat", "2"], [IDS[3], f"{IDS[3]}#2"]),
        (
            ["features/toast.feature::The cable cheats", "--repeat=2"],
            [each + n for each in IDS[2:4] for n in ["", "#2"]],
        ),
        (["features/toast.feature:27", "--repeat", "2"], [IDS[3], f"{IDS[3]}#2"]),
        ([f"{IDS[3]}#7"], [f"{IDS[3]}#7"]),
        ([f"{IDS[0]}#2", IDS[1]], [f"{IDS[0]}#2", IDS[1]]),
    ],
)
def test_each_repetition_has_a_name_of_its_own_by_which_it_is_selected(
    project: Project, arguments: list[str], expected: list[str]
) -> None:
    assert project.collected(*arguments) == expected


@pytest.mark.parametrize("times", ["0", "-1", "many", "10001"])
def test_a_repetition_that_is_no_number_of_times_is_refused(project: Project, times: str) -> None:
    result = project.run("features", f"--repeat={times}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"'{times}' is no number of times: 1 to 10000" in str(result.stderr)


def test_scenarios_run_through_pytest_bdd_with_fixtures_tables_rules_and_languages(
    project: Project,
) -> None:
    result = project.run("features", "-s")
    result.assert_outcomes(passed=5)
    assert log_of(result) == [
        "En skiva [1300.0, ('cable', 60.0), 'cleaned up']",
        "One slice of bread [1300.0, (10000, 5), 0.5]",
        "The cable cheats[1 sat-5] [1300.0, (1, 5), [['sum'], ['1 sat']], 'paid 1 sat\\n  in 5']",
        "The cable cheats[2 sat-6] [1300.0, (2, 6), [['sum'], ['2 sat']], 'paid 2 sat\\n  in 6']",
        "Inside (a) rule [1300.0, 1000.0, ('socket', 2.0), 1.0, 'cleaned up']",
    ]


def test_hooks_of_pytest_bdd_fire_and_know_the_item(project: Project) -> None:
    project.write(
        "conftest.py",
        CONFTEST
        + """
def pytest_bdd_before_scenario(request, feature, scenario):
    print("LOG before", scenario.name, sorted(request.node.case.tags), request.node.document.file)
def pytest_bdd_before_step(request, step, step_func):
    print("LOG step", step.line_number, step.name, "|", step_func.__doc__)
def pytest_bdd_after_step(step, step_func_args):
    print("LOG after", sorted(step_func_args))
def pytest_bdd_step_error(step, exception):
    print("LOG error", step.line_number, type(exception).__name__)
def pytest_bdd_after_scenario(scenario):
    print("LOG end", scenario.line_number)
""",
    )
    project.write("features/late.feature", LATE)
    result = project.run("features/late.feature", "features/toast.feature:7", "-s")
    assert log_of(result) == [
        "before s [] features/late.feature",
        "step 3 the socket cuts the power within 1 min | From the refused payment to zero current.",
        "error 3 AssertionError",
        "end 2",
        "s [60.0]",
        "before One slice of bread ['slow'] features/toast.feature",
        "step 4 a 1300 W toaster | Connect an appliance that draws this power.",
        "after ['log', 'power']",
        "step 7 the cable pays 0.1 mBTC for each of 5 payments | Let the cable pay.",
        "after ['amount', 'count', 'log']",
        "step 8 the socket cuts the power within 500 ms | From the refused payment to zero current.",
        "after ['limit', 'log']",
        "end 6",
        "One slice of bread [1300.0, (10000, 5), 0.5]",
    ]


def test_failure_shows_the_step_and_nothing_of_the_machinery(project: Project) -> None:
    project.write("features/late.feature", LATE)
    result = project.run("features/late.feature", "-v")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    text = str(result.stdout)
    assert "features/late.feature::s FAILED" in text
    assert "assert 60.0 < 10" in text
    assert "FAILED features/late.feature::s - assert 60.0 < 10" in text
    assert not re.search(r"call_fixture_func|_execute_scenario|run_scenario|pytest_pyfunc_call", text)
    assert "run_scenario" in str(project.run("features/late.feature", "--full-trace").stdout)


def test_tags_are_markers_with_arguments_for_fixtures_and_hooks(project: Project) -> None:
    project.write(
        "conftest.py",
        CONFTEST
        + """
def pytest_collection_finish(session):
    for item in session.items:
        print("LOG", item.name, sorted((mark.name, mark.args) for mark in item.iter_markers()))
""",
    )
    assert log_of(project.run("features/toast.feature", "--collect-only")) == [
        "One slice of bread [('slow', ())]",
        "The cable cheats[1 sat-5] [('rig', ('dut1',)), ('slow', ())]",
        "The cable cheats[2 sat-6] [('late', ()), ('rig', ('dut1',)), ('slow', ())]",
        "Inside (a) rule [('slow', ())]",
    ]


def test_module_scope_of_a_fixture_is_the_feature_file(project: Project) -> None:
    project.write(
        "conftest.py",
        CONFTEST
        + """
import pytest
@pytest.fixture(scope="module", autouse=True)
def bench(request):
    print("LOG set up", request.node.path.name)
    yield
    print("LOG tear down")
""",
    )
    lines = [line for line in log_of(project.run("features", "-s")) if line.startswith(("set", "tear"))]
    assert lines == ["set up sv.feature", "tear down", "set up toast.feature", "tear down"]


@pytest.mark.parametrize("argument", ["features", "features/broken.feature:3", "features/broken.feature::No such name"])
def test_mistakes_refuse_the_run_with_exit_code_4_before_anything_runs(project: Project, argument: str) -> None:
    project.write("features/broken.feature", BROKEN)
    project.write("features/unparsable.feature", "Feature: f\n  Scenario: s\n    Given a\n    Giben\n")
    result = project.run(argument, "-s")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert log_of(result) == []
    errors = str(result.stderr)
    assert "; nothing was run, nothing was switched" in errors
    assert "\nfeatures/broken.feature:3:13: 'kg' is not a unit of power" in errors
    assert ("\nfeatures/unparsable.feature:4:5: 'Giben' cannot stand here" in errors) == (argument == "features")
    assert "not found" not in errors


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (
            "features/toast.feature:99",
            "features/toast.feature: there is no line 99. Its scenarios begin at",
        ),
        ("features/toast.feature::Nothing", "not found"),
        ("features/none.feature:3", "file or directory not found: features/none.feature"),
    ],
)
def test_argument_that_names_nothing_is_refused(project: Project, argument: str, message: str) -> None:
    result = project.run(argument)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in str(result.stderr)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            "from hil.bdd.language.catalogue import when\n@when('it naps')\nasync def _(): ...\n",
            "bench_steps.py:2: the step",
        ),
        ("import no_such_module\n", "bench_steps.py:1: the step modules cannot be imported: ModuleNotFoundError"),
    ],
)
def test_wrong_step_module_is_an_author_error_with_its_place(project: Project, steps: str, message: str) -> None:
    project.write("bench_steps.py", steps)
    result = project.run("features")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in str(result.stderr)


def test_python_tests_beside_features_run_and_do_not_import_the_steps(project: Project) -> None:
    project.write("bench_steps.py", "raise RuntimeError('imported')")
    project.write("tests/test_plain.py", "def test_plain(): ...\n")
    project.run("tests").assert_outcomes(passed=1)


def test_steps_registered_by_a_plugin_win_over_those_of_the_laboratory(project: Project) -> None:
    project.write(
        "conftest.py",
        CONFTEST
        + """
from hil.bdd.pytest_plugin.collection import register_step_modules
def pytest_configure(config):
    register_step_modules(config, ["other_steps"])
""",
    )
    project.write("other_steps.py", "from hil.bdd.language.catalogue import given\n@given('nothing')\ndef _(): ...\n")
    project.write("features/nothing.feature", "Feature: f\n  Scenario: s\n    Given nothing\n")
    project.run("features/nothing.feature").assert_outcomes(passed=1)


def test_step_that_yields_twice_fails_when_the_scenario_is_torn_down(project: Project) -> None:
    project.write(
        "bench_steps.py",
        "from hil.bdd.language.catalogue import given\n@given('two parts')\ndef two():\n    yield\n    yield\n",
    )
    project.write("features/two.feature", "Feature: f\n  Scenario: s\n    Given two parts\n")
    result = project.run("features/two.feature")
    result.assert_outcomes(passed=1, errors=1)
    assert "the step function 'two' has more than one 'yield'" in str(result.stdout)


def test_target_fixture_hands_a_value_to_later_steps(project: Project) -> None:
    project.write(
        "bench_steps.py",
        """
        from hil.bdd.language.catalogue import given, then
        @given("a wallet of {amount}", target_fixture="wallet")
        def _(amount, /): return amount
        @then("it holds {amount}")
        def _(amount, /, wallet): assert wallet == amount
        """,
    )
    project.write(
        "features/wallet.feature",
        "Feature: f\n  Scenario: s\n    Given a wallet of 1 mBTC\n    Then it holds 100000 sat\n",
    )
    project.run("features/wallet.feature").assert_outcomes(passed=1)


def test_command_line_run_with_labgrid_loaded_passes_by_line_and_from_another_folder(project: Project) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:hil", "-v", "toast.feature:7"],
        cwd=project.pytester.path / "features",
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "labgrid" in result.stdout
    assert "::One slice of bread" in result.stdout
    assert "1 passed" in result.stdout
