"""Ordinary pytest tests that use the bench: each is a scenario of its own, with one step, the test function.

A test is one if it asks for a fixture of hil/bdd/pytest_plugin/fixtures.py, itself or through another fixture. Its
assertions are what it demands of the device: one that does not hold is a failure of the device, as a missed limit is.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import inspect
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hil.bdd import pytest_internals
from hil.bdd.check import requirements
from hil.bdd.pytest_plugin import fixtures
from hil.bdd.pytest_plugin.collection import REQUIREMENT_MARKER, ScenarioItem, requirement_ids, requirements_of
from hil.bdd.pytest_plugin.outcome import blame
from hil.bdd.pytest_plugin.project import project_of
from hil.errors import AuthorError, PeerViolation
from hil.evidence.documents import Verdict
from hil.evidence.own_error import trail
from hil.evidence.verdicts import purposeful
from hil.scenario.findings import LimitMissed, Undecided

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hil.bdd.check.requirements import Requirement
    from hil.scenario.scenario import ScenarioRun

MARKERS = (f"{REQUIREMENT_MARKER}(id, ...): what a test that uses the bench shows, as @REQ-… does on a scenario",)

REPETITION = "hil_repetition"
"""Parameter of each test that uses the bench, if ``--repeat`` asks for several runs of it."""

LONGEST_ASSERTION = 120
"""Characters of an assertion's own text in the evidence; pytest shortens long values, by how much ``-v`` decides."""

_OF_PYTEST = frozenset({"parametrize", "usefixtures", "filterwarnings", "skip", "skipif", "xfail", REQUIREMENT_MARKER})
"""Markers that say how pytest runs a test, and nothing of the test itself."""


class AssertionMissed(PeerViolation):
    """What a test asserts does not hold."""


@dataclass(frozen=True)
class TestStep:
    """The test function, as the evidence tells of a step."""

    __test__ = False  # it is no class of tests

    name: str
    line_number: int
    keyword: str = "Test"


def uses_bench(item: pytest.Item) -> bool:
    """Tell whether it is an ordinary test that asks for a fixture of the bench."""
    if not isinstance(item, pytest.Function) or isinstance(item, ScenarioItem):
        return False
    return pytest_internals.module_of_fixture(item, "scenario") == fixtures.__name__


def tags_of(item: pytest.Item) -> tuple[str, ...]:
    """Return its markers as a scenario has them as tags, its requirements among them."""
    names = [each.name for each in item.iter_markers() if each.name not in _OF_PYTEST]
    return tuple(dict.fromkeys([*requirement_ids(item), *names]))


def file_of(item: pytest.Item) -> str:
    """Return the test's file, from the laboratory's root on if it lies there."""
    return _shown(item, item.path)


def _shown(item: pytest.Item, path: Path) -> str:
    root = project_of(item.config).root
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def step_of(item: pytest.Item) -> TestStep:
    """Return the one step that a test has."""
    return TestStep(item.name, (item.location[1] or 0) + 1)


def check_requirements(items: Sequence[pytest.Item], known: Mapping[str, Requirement]) -> None:
    """Raise AuthorError for a test that names what is no requirement, or names one and leaves no evidence of it."""
    for item in items:
        if isinstance(item, ScenarioItem) or not (named := requirement_ids(item)):
            continue
        try:
            requirements.known(named, known)
        except AuthorError as error:
            raise AuthorError(error.what, place=item.nodeid, remedy=error.remedy) from None
        if not uses_bench(item):
            what = f"it names {', '.join(named)} and uses no fixture of the bench: there would be no evidence"
            raise AuthorError(what, place=item.nodeid, remedy="Let it use 'bench', or remove the marker.")


def check_functions(items: Sequence[pytest.Item]) -> None:
    """Raise AuthorError for a test that uses the bench and that pytest could not run: nothing would await it."""
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function) and uses_bench(item):
            place = f"{file_of(item)}:{step_of(item).line_number}"
            raise AuthorError(
                "a test that uses the bench is async, and nothing awaits it", place=place, remedy="Write 'def'."
            )


def check_fixtures(items: Sequence[pytest.Item]) -> None:
    """Raise AuthorError for a fixture that is wider than one test and asks for the bench: it would have no bench."""
    for item in items:
        if not isinstance(item, pytest.Function) or not uses_bench(item):
            continue
        found = {name: (scope, function, asked) for name, scope, function, asked in pytest_internals.fixtures_of(item)}
        for name, (scope, function, _) in found.items():
            if scope != "function" and (asked := _bench_fixture_of(name, found)):
                code = inspect.unwrap(function).__code__
                raise _wider_than_a_test(
                    f"the fixture '{name}' has the scope '{scope}' and asks for '{asked}'",
                    f"{_shown(item, Path(code.co_filename))}:{code.co_firstlineno}",
                )


def _bench_fixture_of(name: str, found: Mapping[str, tuple[str, Callable[..., Any], tuple[str, ...]]]) -> str:
    """Return the fixture of the bench that the fixture ``name`` asks for, itself or through others; empty: none."""
    for asked in found[name][2] if name in found else ():
        if asked in found and found[asked][1].__module__ == fixtures.__name__:
            return str(asked)
        if asked != name and (through := _bench_fixture_of(asked, found)):
            return through
    return ""


def of_scopes(item: pytest.Item, error: BaseException) -> BaseException:
    """Return the error of its author if a wider fixture asked for one of a test while the test was set up."""
    if isinstance(error, pytest.fail.Exception) and str(error).startswith("ScopeMismatch:"):
        return _wider_than_a_test("a fixture that is wider than one test asks for one that is not", item.nodeid)
    return error


def _wider_than_a_test(what: str, place: str) -> AuthorError:
    return AuthorError(
        f"{what}; the bench belongs to one test: it is reset before the test, and safe after it",
        place=place,
        remedy="Give the fixture the scope 'function'; what takes long and needs no bench can stay in a wider one.",
    )


def judged(item: pytest.Item, report: pytest.TestReport, error: BaseException | None) -> BaseException | None:
    """Return the error by which the call of a test is judged: an assertion that does not hold is the device's failure.

    One that fails inside the framework is a mistake in code, and stays what it is. pytest may call a test failed that
    raised nothing, for what a subtest of it found.
    """
    if error is None:
        words = f"pytest says that it failed: {report.longreprtext}"
        return AssertionMissed(_one_line(words), place=item.nodeid) if report.failed else None
    missed = isinstance(error, AssertionError | pytest.fail.Exception)
    if not missed or purposeful(error) is not None or (trail(error) or [""])[-1].startswith("hil/"):
        return error
    words = _assertion(item, error) if isinstance(error, AssertionError) else str(error)
    place = f"{file_of(item)}:{line_of(item, error)}"
    return AssertionMissed(_one_line(words) or "an assertion does not hold", place=place)


def _assertion(item: pytest.Item, error: AssertionError) -> str:
    """Return the first line of what pytest makes of it, or the source if that is long: it then varies with ``-v``."""
    first = str(error).partition("\n")[0]
    if len(first) <= LONGEST_ASSERTION and "..." not in first:
        return first
    call = _call_in_file(item, error)
    return (call.line if call is not None else None) or first[:LONGEST_ASSERTION]


def _one_line(words: str) -> str:
    return " ".join(words.split()).encode("utf-8", "backslashreplace").decode()


def line_of(item: pytest.Item, error: BaseException) -> int:
    """Return the last line of the test's own file on the way to ``error``; the test's first if there is none."""
    call = _call_in_file(item, error)
    return step_of(item).line_number if call is None or call.lineno is None else call.lineno


def _call_in_file(item: pytest.Item, error: BaseException) -> traceback.FrameSummary | None:
    calls = traceback.extract_tb(error.__traceback__)
    return next((call for call in reversed(calls) if Path(call.filename) == item.path), None)


def outcome_of(error: BaseException) -> tuple[Verdict, str]:
    """Return the verdict on a test, and the reason; what its author leaves out by ``skip`` is not applicable."""
    if isinstance(error, pytest.skip.Exception):
        return Verdict.NOT_APPLICABLE, f"left out by its author: {error.msg or 'no reason given'}"
    return blame(error)


def refuse_swallowed(run: ScenarioRun) -> None:
    """Raise what the measurements say of a test that came to its end although one of them is no pass."""
    for finding in run.findings.taken:
        if finding.verdict is Verdict.FAIL:
            raise LimitMissed(str(finding))
    for finding in run.findings.taken:
        if finding.verdict is Verdict.INCONCLUSIVE:
            raise Undecided(str(finding))


def pytest_configure(config: pytest.Config) -> None:
    """Hook of pytest: register the marker."""
    for line in MARKERS:
        config.addinivalue_line("markers", line)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Hook of pytest: let ``-m REQ-…`` choose a test by what it shows, as it chooses a scenario by its tags."""
    if uses_bench(item) and (named := requirement_ids(item)):
        for each in set(named) & set(requirements_of(item.config)):
            item.add_marker(getattr(pytest.mark, each))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Hook of pytest: run each test that uses the bench as often as ``--repeat`` says."""
    times: int = metafunc.config.getoption("repeat")
    if times > 1 and pytest_internals.module_of_fixture(metafunc, "scenario") == fixtures.__name__:
        metafunc.fixturenames.append(REPETITION)
        metafunc.parametrize(REPETITION, range(1, times + 1), ids=[f"#{number}" for number in range(1, times + 1)])


@pytest.fixture
def hil_repetition() -> int:
    """Which run of a repeated test it is; ``--repeat`` gives the values."""
    return 1
