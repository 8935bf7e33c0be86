"""Options of pytest in a laboratory that need no bench: what they select, list or refuse. Each is a run of pytest.

What they do in a run is in hil/tests/acceptance/test_pytest_options.py; docs/reference/pytest-options.md has them all.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from hil.errors import ExitCode

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[4]
WITH_A_BENCH = ROOT / "hil/tests/acceptance/test_pytest_options.py"
PAGE = ROOT / "docs/reference/pytest-options.md"

FEATURE = """\
Feature: Ours
  @night @REQ-LAB-1
  Scenario: No power without a payment
    Given the socket is under test in single-fee mode
    And the load draws 100 W
    When the devices are switched on
    Then no power flowed
  Scenario: No power at all
    Given the socket is under test in single-fee mode
    And the load draws 200 W
    When the devices are switched on
    Then no power flowed
"""

TESTS = """\
import pytest


@pytest.fixture
def toaster(bench):
    return bench


@pytest.mark.requirement("REQ-LAB-2")
def test_direct(bench): ...


@pytest.mark.usefixtures("toaster")
def test_by_another_fixture(): ...


def test_ordinary(): ...
"""

NAMES = ("direct", "by_another_fixture", "ordinary")
FIRST, SECOND = (f"features/ours.feature::No power {rest}" for rest in ("without a payment", "at all"))
DIRECT, INDIRECT, ORDINARY = (
    f"tests/test_ours.py::test_{rest}" for rest in ("direct", "by_another_fixture", "ordinary")
)
ALL = [FIRST, SECOND, DIRECT, INDIRECT, ORDINARY]

OTHER_PLUGINS = """\
def pytest_addoption(parser):
    parser.addoption("--count", type=int, default=1)      # pytest-repeat
    parser.addoption("--reruns", type=int, default=0)     # pytest-rerunfailures
    parser.addoption("--forked", action="store_true")     # pytest-forked
"""


class Laboratory:
    """A laboratory with a feature and tests, and pytest runs in it, each a program of its own."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.write("features/ours.feature", FEATURE)
        self.write("features/requirements.yaml", _requirements("REQ-LAB-1", "REQ-LAB-2"))
        self.write("tests/test_ours.py", TESTS)
        (pytester.path / "rigs").mkdir()
        for name in ("virtual.yaml", "realtime.yaml"):
            shutil.copy(ROOT / "rigs" / name, pytester.path / "rigs")
        settings = "[tool.pytest.ini_options]\ntestpaths = ['features', 'tests']\nmarkers = ['night: by night']\n"
        self.write("pyproject.toml", f"[tool.hil]\n{settings}addopts = '--strict-markers'\n")

    def write(self, name: str, text: str) -> None:
        path = self.pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> pytest.RunResult:
        """Labgrid and hypothesis take a second to load, and nothing here needs them."""
        return self.pytester.runpytest_subprocess("-p", "no:labgrid", "-p", "no:hypothesispytest", *arguments)

    def collected(self, *arguments: str) -> list[str]:
        result = self.run("--collect-only", "-q", *arguments)
        assert result.ret == ExitCode.PASS, str(result.stdout) + str(result.stderr)
        return [line for line in result.outlines if "::" in line]

    def refused(self, *arguments: str) -> str:
        """Return why the run was refused; it must have been, and nothing may have been switched."""
        result = self.run(*arguments)
        assert result.ret == ExitCode.AUTHOR_ERROR, str(result.stdout) + str(result.stderr)
        assert self.runs == []
        return str(result.stderr) + str(result.stdout)

    @property
    def runs(self) -> list[Path]:
        return list(self.pytester.path.glob("reports/runs/*"))


def _requirements(*ids: str) -> str:
    return "".join(f"- {{id: {each}, text: It works., source: Ours}}\n" for each in ids)


@pytest.fixture
def laboratory(pytester: pytest.Pytester) -> Laboratory:
    return Laboratory(pytester)


def test_options_that_select_do_so_for_scenarios_and_tests_alike(laboratory: Laboratory) -> None:
    laboratory.write("selected.txt", f"{FIRST}\n{DIRECT}\n")
    laboratory.write("other.toml", "[pytest]\nmarkers = ['night']\ntestpaths = ['tests']\n")
    expected: dict[tuple[str, ...], list[str]] = {
        (): ALL,
        ("-k", "payment or direct"): [FIRST, DIRECT],
        ("-k", "REQ-LAB-1 or ours.feature and all"): [FIRST, SECOND],
        ("-m", "night"): [FIRST],
        ("-m", "requirement"): [DIRECT],
        ("--requirement", "REQ-LAB-2"): [DIRECT],
        ("-m", "REQ-LAB-1 or REQ-LAB-2"): [FIRST, DIRECT],
        ("--deselect", FIRST, "--ignore", "tests/test_ours.py"): [SECOND],
        (SECOND, f"{DIRECT}"): [SECOND, DIRECT],
        ("features/ours.feature:3",): [FIRST],
        ("@selected.txt",): [FIRST, DIRECT],
        ("-c", "other.toml"): [DIRECT, INDIRECT, ORDINARY],
        ("--rootdir", ".", "--import-mode", "importlib", "-p", "no:cacheprovider", "features"): [FIRST, SECOND],
    }

    assert {words: laboratory.collected(*words) for words in expected} == expected


def test_options_of_the_environment_count(laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-m night")

    assert laboratory.collected() == [FIRST]


def test_options_that_list_open_no_run_and_switch_nothing(laboratory: Laboratory) -> None:
    for words, shown in {
        ("--collect-only",): "<ScenarioItem No power without a payment>",
        ("--fixtures",): "The bench for an ordinary test",
        ("--fixtures-per-test",): "fixtures used by test_direct",
        ("--setup-plan",): "(fixtures used: bench, request, scenario)",
        ("--markers",): "@pytest.mark.requirement(id, ...)",
    }.items():
        result = laboratory.run(*words)
        assert (result.ret, shown in str(result.stdout)) == (ExitCode.PASS, True), str(result.stdout)
    assert laboratory.runs == []


def test_without_the_plugin_pytest_knows_neither_scenarios_nor_fixtures_of_the_bench(laboratory: Laboratory) -> None:
    laboratory.write("tests/test_ours.py", TESTS.replace('@pytest.mark.requirement("REQ-LAB-2")', ""))

    result = laboratory.run("-p", "no:hil")

    assert "fixture 'bench' not found" in str(result.stdout)
    result.assert_outcomes(passed=1, errors=2)


def test_options_that_cannot_work_on_a_bench_are_refused_with_the_reason(laboratory: Laboratory) -> None:
    laboratory.write("conftest.py", OTHER_PLUGINS)

    told = laboratory.refused("--setup-only", "--count=2", "--reruns=1", "--forked", "--benches=2", "--sw")

    for reason in (
        "--setup-plan lists",
        "Use --repeat",
        "is a finding",
        "in another process",
        "--sw stops at the first",
    ):
        assert reason in told
    assert "nothing was run, nothing was switched" in told


@pytest.mark.parametrize("option", ["--pdb", "--trace", "--setup-show"])
def test_what_needs_the_terminal_does_not_go_with_several_benches(laboratory: Laboratory, option: str) -> None:
    assert f"--benches 2: {option}" in laboratory.refused(option, "--benches", "2")


def test_no_debugger_waits_beside_a_bench_whose_time_goes_on(laboratory: Laboratory) -> None:
    assert "nothing would watch the bench" in laboratory.refused("--pdb", "--rig", "rigs/realtime.yaml", SECOND)


@pytest.mark.parametrize("option", ["--sw", "--pdb", "--setup-show"])
def test_what_needs_one_bench_does_not_go_with_places(laboratory: Laboratory, option: str) -> None:
    assert f"--place: the places of a coordinator are used as several benches are, and {option}" in laboratory.refused(
        option, "--place", "rig=*"
    )


def test_the_wait_for_a_place_is_a_duration(laboratory: Laboratory) -> None:
    assert "'0 s' is not longer than 0 s" in laboratory.refused("--place", "rig=*", "--place-wait", "0 s")
    assert "argument --place-wait" in laboratory.refused("--place", "rig=*", "--place-wait", "long")


@pytest.mark.parametrize("option", ["--place", "--rig", "--node"])
def test_an_option_whose_variable_is_not_set_is_refused(laboratory: Laboratory, option: str) -> None:
    assert f"argument {option}: the value is empty; see whether a variable is not set" in laboratory.refused(option, "")


@pytest.mark.parametrize("number", ["0", "-1", "two"])
def test_a_run_has_at_least_one_bench(laboratory: Laboratory, number: str) -> None:
    told = laboratory.refused("--benches", number)

    assert f"argument --benches: '{number}' is no number of benches; 1 or more are allowed" in told


def test_a_failure_of_a_device_cannot_be_expected(laboratory: Laboratory) -> None:
    laboratory.write("features/ours.feature", FEATURE.replace("@night", "@xfail"))
    laboratory.write("tests/test_ours.py", "import pytest\n@pytest.mark.xfail\ndef test_x(bench): ...\n")

    told = laboratory.refused()

    assert told.count("xfail does not go with the bench") == 2
    assert f"{FIRST}: xfail" in told


def test_a_test_that_does_not_use_the_bench_may_be_expected_to_fail(laboratory: Laboratory) -> None:
    laboratory.write("tests/test_ours.py", "import pytest\n@pytest.mark.xfail\ndef test_x(): assert False\n")

    laboratory.run("tests").assert_outcomes(xfailed=1)


def test_a_requirement_must_be_known_and_be_shown_by_evidence(laboratory: Laboratory) -> None:
    laboratory.write("tests/test_ours.py", TESTS.replace("REQ-LAB-2", "REQ-LAB-3"))
    assert f"{DIRECT}: 'REQ-LAB-3' is not a requirement" in laboratory.refused("tests")

    laboratory.write("tests/test_ours.py", TESTS.replace("test_direct(bench)", "test_direct()"))
    assert "uses no fixture of the bench: there would be no evidence" in laboratory.refused("tests")


def test_each_test_is_repeated_that_uses_the_bench_and_no_other(laboratory: Laboratory) -> None:
    repeated = [f"{each}[#{number}]" for each in (DIRECT, INDIRECT) for number in (1, 2)]

    assert laboratory.collected("tests", "--repeat", "2") == [*repeated, ORDINARY]


def test_xdist_is_refused_for_tests_that_use_the_bench(laboratory: Laboratory) -> None:
    assert "a bench can do one at a time" in laboratory.refused("-n", "1", "--dist", "load", "tests")


def test_each_option_on_the_page_is_tried() -> None:
    tried = "".join(path.read_text(encoding="utf-8") for path in (Path(__file__), WITH_A_BENCH))
    listed = [line.split("|")[1] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    options = {name for cell in listed for name in re.findall(r"`(-{1,2}[\w-]+|PYTEST_ADDOPTS|@\w+)", cell)}

    assert len(options) > 40
    assert {each for each in options if not re.search(rf"{re.escape(each)}\b", tried)} == set()


def test_an_async_test_on_the_bench_is_its_authors_mistake(laboratory: Laboratory) -> None:
    laboratory.write("tests/test_async.py", "async def test_later(bench): ...\n")

    assert "tests/test_async.py:1: a test that uses the bench is async, and nothing awaits it" in laboratory.refused()


WIDE = """\
import pytest


@pytest.fixture
def ready(bench):
    return bench


@pytest.fixture(scope="{scope}")
def shared({asked}):
    {body}


def test_one(shared, bench): ...
"""


@pytest.mark.parametrize(("scope", "asked"), [("module", "bench"), ("class", "meter"), ("session", "ready")])
def test_a_fixture_that_is_wider_than_a_test_and_asks_for_the_bench_is_its_authors_mistake(
    laboratory: Laboratory, scope: str, asked: str
) -> None:
    laboratory.write("tests/test_wide.py", WIDE.format(scope=scope, asked=asked, body="return None"))

    said = laboratory.refused()

    told = f"tests/test_wide.py:9: the fixture 'shared' has the scope '{scope}' and asks for"
    assert f"{told} '{'bench' if asked == 'ready' else asked}'; the bench belongs to one test" in said
    assert "Give the fixture the scope 'function'" in said


def test_a_wider_fixture_that_needs_no_bench_is_fine(laboratory: Laboratory) -> None:
    laboratory.write("tests/test_wide.py", WIDE.format(scope="session", asked="tmp_path_factory", body="return None"))

    assert laboratory.collected("tests/test_wide.py") == ["tests/test_wide.py::test_one"]


def test_a_load_profile_with_a_mistake_refuses_the_run_at_its_line(laboratory: Laboratory) -> None:
    laboratory.write("profiles/samovar.yaml", "description: A samovar.\nsteps: [{power: 1500 W, for: 10 s}]\n")
    laboratory.write("features/ours.feature", FEATURE.replace("the load draws 100 W", "the load plays a samovar"))

    said = laboratory.refused()

    assert "profiles/samovar.yaml:1:1: the last step needs 'for'" in said
    assert "Traceback" not in said
