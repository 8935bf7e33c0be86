"""The part of the pytest plugin that deals with one scenario: it gets the bench, its steps are recorded, it gives the
bench back safe.

The bench is had in ``pytest_runtest_setup`` and given back in ``pytest_runtest_teardown``, or by the run when that
ends before; steps are recorded as pytest-bdd tells of them.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pytest

from hil.bdd.collection import ScenarioItem
from hil.bdd.outcome import error_document, explain, purposeful, verdict_of
from hil.bdd.stash import (
    AT_PROMPT,
    LIVE,
    NUMBER,
    OPEN,
    OUTCOME,
    RUN,
    SCENARIO,
    SEED,
    STEP,
    STEP_STARTED,
    STEPS_LEFT,
    UNMET,
)
from hil.clock import stopwatch
from hil.errors import RigFault
from hil.evidence.documents import Kind, Verdict
from hil.scenario.run_folder import ScenarioFacts
from hil.scenario.scenario import Trial

if TYPE_CHECKING:
    from collections.abc import Generator

    from hil.errors import HilError
    from hil.scenario.run import OpenScenario


DEFAULT_RIG = "rigs/virtual.yaml"


def rerun_command(item: pytest.Item) -> str:
    """Return the command that runs this scenario alone, with this seed, on the same rig and kind of node."""
    option = item.config.option
    words = ["hil", "run", item.nodeid, "--seed", str(item.config.stash[SEED])]
    words += ["--rig", option.rig] if option.rig != DEFAULT_RIG else []
    words += ["--node", option.node] if option.node else []
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
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    if not isinstance(item, ScenarioItem):
        return
    run = item.config.stash[RUN]
    if UNMET in item.stash:
        verdict, why = item.stash[OUTCOME] = item.stash[UNMET]
        run.record_failed_start(item.stash[NUMBER], facts_of(item), verdict, why)
        pytest.skip(f"{verdict}: {why}")
    try:
        scenario = run.begin(item.stash[NUMBER], facts_of(item))
    except Exception as error:
        verdict = verdict_of(error)
        item.stash[OUTCOME] = (verdict, str(error))
        run.record_failed_start(item.stash[NUMBER], facts_of(item), verdict, str(error))
        item.session.shouldfail = "the bench cannot be had"
        raise
    item.stash[SCENARIO] = scenario
    item.config.stash[OPEN] = item
    scenario.trial.watch.on_progress = item.config.stash[LIVE].show


def leave_out_the_rest(session: pytest.Session, otherwise: str) -> None:
    """Tell of every scenario that has not begun that it did not run, and why: what stopped the session, or else."""
    run = session.config.stash[RUN]
    why = str(session.shouldfail or session.shouldstop or otherwise)
    for item in session.items:
        if isinstance(item, ScenarioItem) and OUTCOME not in item.stash and SCENARIO not in item.stash:
            item.stash[OUTCOME] = (Verdict.NOT_RUN, why)
            run.record_failed_start(item.stash[NUMBER], facts_of(item), Verdict.NOT_RUN, why)


def pytest_bdd_before_scenario(request: pytest.FixtureRequest, scenario: Any) -> None:
    request.node.stash[STEPS_LEFT] = list(scenario.steps)


def pytest_bdd_before_step(request: pytest.FixtureRequest, step: Any) -> None:
    item = request.node
    now = item.stash[SCENARIO].trial.clock.now()
    item.stash[STEP_STARTED] = (now, stopwatch())
    item.stash[STEP] = step
    item.config.stash[LIVE].begin_step(f"{step.keyword} {step.name}", now)


def pytest_bdd_after_step(request: pytest.FixtureRequest, step: Any) -> None:
    record_step(request.node, step, "passed")


def pytest_bdd_step_error(request: pytest.FixtureRequest, step: Any, exception: Exception) -> None:
    if verdict_of(exception) is not Verdict.AUTHOR_ERROR or not request.node.stash.get(AT_PROMPT, False):
        record_step(request.node, step, "failed", exception)


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
    report = yield
    if isinstance(item, ScenarioItem) and call.excinfo is not None:
        error = call.excinfo.value
        item.stash.setdefault(OUTCOME, (verdict_of(error), str(error) or type(error).__name__))
        told = purposeful(error)
        if told is not None and not item.config.getoption("fulltrace"):
            report.longrepr = _explain(item, told)
    return report


def _explain(item: ScenarioItem, error: HilError) -> str:
    step = item.stash.get(STEP, None)
    line, words = (step.line_number, f"{step.keyword.strip()} {step.name}") if step else (item.case.line, item.name)
    events = item.stash[SCENARIO].recorder.events if SCENARIO in item.stash else []
    return explain(f"{item.document.file}:{line}", words, error, events, rerun_command(item))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    if not isinstance(item, ScenarioItem) or SCENARIO not in item.stash:
        return
    verdict, _ = item.stash.get(OUTCOME, (Verdict.PASS, ""))
    stands, why = give_back(item)
    if stands is Verdict.RIG_FAULT and not item.config.stash[RUN].bench_is_safe:
        # it stays broken until a person has looked
        item.session.shouldfail = "the bench did not reach its safe state"
    if stands is not verdict and stands is not Verdict.NOT_RUN:
        pytest.fail(f"{stands}: {why}", pytrace=False)


def give_back(item: pytest.Item) -> tuple[Verdict, str]:
    """End the scenario that has the bench: what was left is not run, the bench becomes safe, evidence is closed."""
    config = item.config
    del config.stash[OPEN]
    config.stash[LIVE].clear()
    left = list(item.stash.get(STEPS_LEFT, ()))
    ran_to_its_end = STEPS_LEFT in item.stash and not left
    try:
        for step in left:
            record_step(item, step, "not run")
    except RigFault as error:  # evidence cannot be written; the bench must become safe all the same
        item.stash[OUTCOME] = (Verdict.RIG_FAULT, str(error))
    came_out = (Verdict.PASS, "") if ran_to_its_end else (Verdict.NOT_RUN, "interrupted")
    item.stash[OUTCOME] = config.stash[RUN].end(item.stash[SCENARIO], *item.stash.get(OUTCOME, came_out))
    del item.stash[SCENARIO]  # its events are on the disk; a long run must not keep them all
    return item.stash[OUTCOME]


@pytest.fixture
def trial(request: pytest.FixtureRequest) -> Trial:
    """The scenario on the bench: what every step works with."""
    scenario: OpenScenario = request.node.stash[SCENARIO]
    return scenario.trial
