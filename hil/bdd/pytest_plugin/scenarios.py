"""The part of the pytest plugin that deals with one scenario: it gets the bench, its steps are recorded, it gives the
bench back safe. An ordinary test that uses the bench is a scenario of one step.

The bench is had in ``pytest_runtest_setup`` and given back in ``pytest_runtest_teardown``, or by the run when that
ends before; steps are recorded as pytest-bdd tells of them.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from hil.bdd.pytest_plugin import python_tests
from hil.bdd.pytest_plugin.collection import ScenarioItem
from hil.bdd.pytest_plugin.facts import facts_of, on_bench, rerun_command
from hil.bdd.pytest_plugin.keys import (
    AT_PROMPT,
    CALLED,
    LIVE,
    NUMBER,
    OPEN,
    OUTCOME,
    PRECHECK,
    RUN,
    SCENARIO,
    STEP,
    STEP_STARTED,
    STEPS_LEFT,
)
from hil.bdd.pytest_plugin.outcome import blame, error_document, explain, told_beside
from hil.bdd.pytest_plugin.showing.answers import PageAnswer, TerminalAnswer
from hil.bdd.pytest_plugin.showing.bench_status import STATUS
from hil.clock import stopwatch
from hil.evidence.documents import Kind, Verdict
from hil.evidence.verdicts import purposeful, verdict_of
from hil.scenario.ending import Ending

if TYPE_CHECKING:
    from collections.abc import Generator


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Hook of pytest: give the scenario the bench; fail at once what the rig cannot offer or decide."""
    if not on_bench(item) or RUN not in item.config.stash:
        return
    run = item.config.stash[RUN]
    if PRECHECK in item.stash:
        verdict, why = item.stash[OUTCOME] = item.stash[PRECHECK]
        run.record_failed_start(item.stash[NUMBER], facts_of(item), verdict, why)
        pytest.skip(f"{verdict}: {why}")
    try:
        scenario = run.begin(item.stash[NUMBER], facts_of(item))
    except Exception as error:
        verdict, why = item.stash[OUTCOME] = blame(error)
        run.record_failed_start(item.stash[NUMBER], facts_of(item), verdict, why)
        item.session.shouldfail = "the bench cannot be had"
        raise
    item.stash[SCENARIO] = scenario
    item.config.stash[OPEN] = item
    if not isinstance(item, ScenarioItem):
        item.stash[STEPS_LEFT] = [python_tests.step_of(item)]
    scenario.run.on_progress = item.config.stash[LIVE].show
    status = item.config.stash[STATUS]
    status.begin()
    scenario.run.answer_places = (TerminalAnswer(item.config.stash[LIVE]), PageAnswer(status, run.folder))


def leave_out_the_rest(session: pytest.Session, otherwise: str) -> None:
    """Tell of every scenario that has not begun that it did not run, and why: what stopped the session, or else."""
    run = session.config.stash[RUN]
    why = str(session.shouldfail or session.shouldstop or otherwise)
    for item in session.items:
        if on_bench(item) and OUTCOME not in item.stash and SCENARIO not in item.stash:
            item.stash[OUTCOME] = (Verdict.NOT_RUN, why)
            run.record_failed_start(item.stash[NUMBER], facts_of(item), Verdict.NOT_RUN, why)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Hook of pytest: an ordinary test that has the bench is the one step of its scenario."""
    if isinstance(item, ScenarioItem) or SCENARIO not in item.stash:
        return (yield)
    begin_step(item, item.stash[STEPS_LEFT][0])
    try:
        result = yield
    finally:
        item.stash[CALLED] = True
    python_tests.refuse_swallowed(item.stash[SCENARIO].run)
    return result


def pytest_bdd_before_scenario(request: pytest.FixtureRequest, scenario: Any) -> None:
    """Hook of pytest-bdd: note which steps are to be run."""
    request.node.stash[STEPS_LEFT] = list(scenario.steps)


def pytest_bdd_before_step(request: pytest.FixtureRequest, step: Any) -> None:
    """Hook of pytest-bdd: note when the step begins, and show it."""
    begin_step(request.node, step)


def pytest_bdd_after_step(request: pytest.FixtureRequest, step: Any) -> None:
    """Hook of pytest-bdd: record that the step passed."""
    record_step(request.node, step, "passed")


def pytest_bdd_step_error(request: pytest.FixtureRequest, step: Any, exception: Exception) -> None:
    """Hook of pytest-bdd: record that the step failed, and why."""
    item = request.node
    if verdict_of(exception) is Verdict.AUTHOR_ERROR and item.stash.get(AT_PROMPT, False):
        return
    record_failure(item, step, exception)


def begin_step(item: pytest.Item, step: Any) -> None:
    """Note when a step begins, and show it."""
    now = item.stash[SCENARIO].run.clock.now()
    item.stash[STEP_STARTED] = (now, stopwatch())
    item.stash[STEP] = step
    item.config.stash[LIVE].begin_step(f"{step.keyword} {step.name}", now)


def record_failure(item: pytest.Item, step: Any, error: BaseException) -> None:
    """Write that a step failed, and why."""
    recorded = Ending(*blame(error))
    recorded.phase(lambda: record_step(item, step, "failed", error))
    if recorded.reason != blame(error)[1]:  # the error of the step must not give way to that of its record
        item.stash[OUTCOME] = recorded.verdict, recorded.reason
    if recorded.interrupt is not None:
        raise recorded.interrupt


def record_step(item: pytest.Item, step: Any, outcome: str, error: BaseException | None = None) -> None:
    """Write what came of a step; ``step`` is pytest-bdd's."""
    left = item.stash[STEPS_LEFT]
    if step in left:
        left.remove(step)
    data: dict[str, Any] = {
        "keyword": step.keyword.strip(),
        "text": step.name,
        "line": step.line_number,
        "outcome": outcome,
    }
    host = None
    if outcome != "not run":
        started, elapsed = item.stash[STEP_STARTED]
        data["started"] = round(started, 6)
        host = {"wall_s": round(elapsed(), 3)}
    if error is not None:
        data["error"] = error_document(error)
    item.stash[SCENARIO].recorder.observe(Kind.STEP, "bench", data, host=host)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hook of pytest: decide the verdict of the scenario from what was raised."""
    report = yield
    if not on_bench(item) or RUN not in item.config.stash:
        return report
    raised = call.excinfo.value if call.excinfo is not None else None
    error = raised if raised is None else python_tests.of_scopes(item, raised)
    if not isinstance(item, ScenarioItem) and call.when == "call":
        error = python_tests.judged(item, report, raised)
        _record_call(item, error)
    if error is None:
        return report
    left_out_before = call.when == "setup" and SCENARIO not in item.stash and OUTCOME not in item.stash
    own_rule = left_out_before or not isinstance(item, ScenarioItem)
    outcome = python_tests.outcome_of(error) if own_rule else blame(error)
    if left_out_before:  # by a marker, so that it never had the bench
        item.config.stash[RUN].record_failed_start(item.stash[NUMBER], facts_of(item), *outcome)
    item.stash.setdefault(OUTCOME, outcome)
    own_words = isinstance(error, pytest.skip.Exception) or (call.when == "teardown" and _is_our_fail(error))
    if not own_words and not item.config.getoption("fulltrace"):
        _tell(item, report, error, raised)
    return report


def _record_call(item: pytest.Item, error: BaseException | None) -> None:
    """Record what came of an ordinary test that has the bench; one that was left out on the way is not run."""
    if SCENARIO not in item.stash or CALLED not in item.stash or isinstance(error, pytest.skip.Exception):
        return
    (step,) = item.stash[STEPS_LEFT]
    if error is None and OUTCOME in item.stash:
        error = python_tests.AssertionMissed(f"a subtest failed: {item.stash[OUTCOME][1]}")
    if error is not None:
        record_failure(item, step, error)
        return
    recorded = Ending(Verdict.PASS, "")
    recorded.phase(lambda: record_step(item, step, "passed"))
    if recorded.verdict is not Verdict.PASS:
        item.stash[OUTCOME] = recorded.verdict, recorded.reason
    if recorded.interrupt is not None:
        raise recorded.interrupt


def _is_our_fail(error: BaseException) -> bool:
    """Tell whether it says that the end of the scenario has changed its verdict."""
    return isinstance(error, pytest.fail.Exception) and not error.pytrace


def _tell(item: pytest.Item, report: pytest.TestReport, error: BaseException, raised: BaseException | None) -> None:
    """Say what an engineer needs. What went wrong in the code of a test pytest itself shows best, and keeps."""
    events = item.stash[SCENARIO].recorder.events if SCENARIO in item.stash else []
    again = rerun_command(item)
    if isinstance(item, ScenarioItem):
        step = item.stash.get(STEP, None)
        line, words = (step.line_number, f"{step.keyword.strip()} {step.name}") if step else (item.case.line, item.name)
        report.longrepr = explain(f"{item.document.file}:{line}", words, error, events, again)
    elif raised is not None and purposeful(raised) is not None:
        place = f"{python_tests.file_of(item)}:{python_tests.line_of(item, raised)}"
        report.longrepr = explain(place, item.name, error, events, again)
    else:
        report.sections.append(("on the bench", told_beside(error, events, again)))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Give the bench back when the fixtures are torn down, whatever one of them raised."""
    try:
        result = yield
    except BaseException as error:
        if SCENARIO in item.stash:
            ending = Ending(*_came_out(item))
            ending.add(*blame(error))
            item.stash[OUTCOME] = ending.verdict, ending.reason
            _end(item)
        raise
    if SCENARIO in item.stash:
        verdict, _ = _came_out(item)
        stands, why = _end(item)
        if stands is not verdict and stands is not Verdict.NOT_RUN:
            pytest.fail(f"{stands}: {why}", pytrace=False)
    return result


def _end(item: pytest.Item) -> tuple[Verdict, str]:
    try:
        return give_back(item)
    finally:
        if unfit := item.config.stash[RUN].unfit:  # until a person has looked
            item.session.shouldfail = unfit


def _came_out(item: pytest.Item) -> tuple[Verdict, str]:
    """Return the verdict of the steps, and why."""
    ran_to_its_end = STEPS_LEFT in item.stash and not item.stash[STEPS_LEFT]
    return item.stash.get(OUTCOME, (Verdict.PASS, "") if ran_to_its_end else (Verdict.NOT_RUN, "interrupted"))


def give_back(item: pytest.Item) -> tuple[Verdict, str]:
    """End the scenario that has the bench: what was left is not run, the bench becomes safe, evidence is closed.

    Raises only what asks the program to end, and that when all is done.
    """
    config = item.config
    del config.stash[OPEN]
    ending = Ending(*_came_out(item))
    ending.phase(config.stash[LIVE].clear)
    for step in list(item.stash.get(STEPS_LEFT, ())):
        ending.phase(partial(record_step, item, step, "not run"))
    scenario = item.stash[SCENARIO]
    try:
        config.stash[RUN].end(scenario, ending.verdict, ending.reason)
    finally:
        item.stash[OUTCOME] = scenario.outcome
        del item.stash[SCENARIO]  # its events are on the disk; a long run must not keep them all
    if ending.interrupt is not None:
        raise ending.interrupt
    return scenario.outcome
