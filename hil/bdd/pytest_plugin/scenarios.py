"""The part of the pytest plugin that deals with one scenario: it gets the bench, its steps are recorded, it gives the
bench back safe.

The bench is had in ``pytest_runtest_setup`` and given back in ``pytest_runtest_teardown``, or by the run when that
ends before; steps are recorded as pytest-bdd tells of them.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hil.bdd.pytest_plugin.collection import ScenarioItem
from hil.bdd.pytest_plugin.keys import (
    AT_PROMPT,
    LIVE,
    NUMBER,
    OPEN,
    OUTCOME,
    PRECHECK,
    RUN,
    SCENARIO,
    SEED,
    STEP,
    STEP_STARTED,
    STEPS_LEFT,
)
from hil.bdd.pytest_plugin.outcome import blame, error_document, explain
from hil.bdd.pytest_plugin.project import project_of
from hil.clock import stopwatch
from hil.evidence.documents import Kind, Verdict
from hil.evidence.verdicts import verdict_of
from hil.scenario.ending import Ending, OpenScenario
from hil.scenario.observer import Observer
from hil.scenario.run_folder import ScenarioFacts
from hil.scenario.scenario import ScenarioRun
from hil.scenario.setups.common import COUNTERPARTS

if TYPE_CHECKING:
    from collections.abc import Generator


def rerun_command(item: pytest.Item) -> str:
    """Return the command that runs this scenario alone, with this seed, on the same rig and kind of node."""
    option = item.config.option
    words = ["hil", "run", item.nodeid, "--seed", str(item.config.stash[SEED])]
    usual = project_of(item.config).rig.resolve()
    words += ["--rig", option.rig] if option.rig and Path(option.rig).resolve() != usual else []
    words += ["--node", option.node] if option.node else []
    words += ["--counterpart", option.counterpart] if option.counterpart != COUNTERPARTS[0] else []
    return shlex.join(words)


def facts_of(item: ScenarioItem) -> ScenarioFacts:
    """Return what the evidence says of the scenario before it has the bench."""
    case = item.case
    return ScenarioFacts(
        case.title,
        item.name,
        item.document.file,
        case.line,
        tuple(case.tags),
        rerun_command(item),
        rule=case.scenario.rule or "",
        outline=case.scenario.name if case.row else "",
        row=case.values,
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Hook of pytest: give the scenario the bench; fail at once what the rig cannot offer or decide."""
    if not isinstance(item, ScenarioItem):
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
    scenario.run.on_progress = item.config.stash[LIVE].show


def leave_out_the_rest(session: pytest.Session, otherwise: str) -> None:
    """Tell of every scenario that has not begun that it did not run, and why: what stopped the session, or else."""
    run = session.config.stash[RUN]
    why = str(session.shouldfail or session.shouldstop or otherwise)
    for item in session.items:
        if isinstance(item, ScenarioItem) and OUTCOME not in item.stash and SCENARIO not in item.stash:
            item.stash[OUTCOME] = (Verdict.NOT_RUN, why)
            run.record_failed_start(item.stash[NUMBER], facts_of(item), Verdict.NOT_RUN, why)


def pytest_bdd_before_scenario(request: pytest.FixtureRequest, scenario: Any) -> None:
    """Hook of pytest-bdd: note which steps are to be run."""
    request.node.stash[STEPS_LEFT] = list(scenario.steps)


def pytest_bdd_before_step(request: pytest.FixtureRequest, step: Any) -> None:
    """Hook of pytest-bdd: note when the step begins, and show it."""
    item = request.node
    now = item.stash[SCENARIO].run.clock.now()
    item.stash[STEP_STARTED] = (now, stopwatch())
    item.stash[STEP] = step
    item.config.stash[LIVE].begin_step(f"{step.keyword} {step.name}", now)


def pytest_bdd_after_step(request: pytest.FixtureRequest, step: Any) -> None:
    """Hook of pytest-bdd: record that the step passed."""
    record_step(request.node, step, "passed")


def pytest_bdd_step_error(request: pytest.FixtureRequest, step: Any, exception: Exception) -> None:
    """Hook of pytest-bdd: record that the step failed, and why."""
    item = request.node
    if verdict_of(exception) is Verdict.AUTHOR_ERROR and item.stash.get(AT_PROMPT, False):
        return
    recorded = Ending(*blame(exception))
    recorded.phase(lambda: record_step(item, step, "failed", exception))
    if recorded.reason != blame(exception)[1]:  # the error of the step must not give way to that of its record
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
    item.stash[SCENARIO].recorder.write(Kind.STEP, "bench", data, host=host)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hook of pytest: decide the verdict of the scenario from what was raised."""
    report = yield
    if isinstance(item, ScenarioItem) and call.excinfo is not None:
        error = call.excinfo.value
        item.stash.setdefault(OUTCOME, blame(error))
        own_words = isinstance(error, pytest.skip.Exception) or (call.when == "teardown" and _is_our_fail(error))
        if not own_words and not item.config.getoption("fulltrace"):
            report.longrepr = _explain(item, error)
    return report


def _is_our_fail(error: BaseException) -> bool:
    """Tell whether it says that the end of the scenario has changed its verdict."""
    return isinstance(error, pytest.fail.Exception) and not error.pytrace


def _explain(item: ScenarioItem, error: BaseException) -> str:
    step = item.stash.get(STEP, None)
    line, words = (step.line_number, f"{step.keyword.strip()} {step.name}") if step else (item.case.line, item.name)
    events = item.stash[SCENARIO].recorder.events if SCENARIO in item.stash else []
    return explain(f"{item.document.file}:{line}", words, error, events, rerun_command(item))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Give the bench back when the fixtures are torn down, whatever one of them raised."""
    try:
        result = yield
    except BaseException as error:
        if isinstance(item, ScenarioItem) and SCENARIO in item.stash:
            ending = Ending(*_came_out(item))
            ending.add(*blame(error))
            item.stash[OUTCOME] = ending.verdict, ending.reason
            _end(item)
        raise
    if isinstance(item, ScenarioItem) and SCENARIO in item.stash:
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


@pytest.fixture
def scenario(request: pytest.FixtureRequest) -> ScenarioRun:
    """The scenario on the bench: what Given and When steps work with."""
    begun: OpenScenario = request.node.stash[SCENARIO]
    return begun.run


@pytest.fixture
def observer(scenario: ScenarioRun) -> Observer:
    """What was seen in the scenario: what Then steps measure by, and When steps wait with."""
    return scenario.observer
