"""The pytest plugin that runs feature files on a rig: options, evidence, verdicts, exit code, summary.

A scenario gets the bench in ``pytest_runtest_setup`` and gives it back, safe, in ``pytest_runtest_teardown``, or in
``pytest_sessionfinish`` if the run was interrupted; steps are recorded as pytest-bdd tells of them. Exit codes are
those of :class:`hil.errors.ExitCode`.
"""

from __future__ import annotations

import random
import secrets
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hil.bdd.applicability import why_not
from hil.bdd.bridge import render
from hil.bdd.collection import ScenarioItem, catalogue_of
from hil.bdd.live import LiveLine
from hil.bdd.outcome import code_of_session, error_document, explain, purposeful, verdict_of
from hil.errors import ConfigurationError, ExitCode, HilError, RigFault
from hil.evidence.documents import Kind, Verdict
from hil.evidence.store import RunRecord
from hil.report.html import write_html
from hil.report.junit import write_junit
from hil.report.summary import summary_lines
from hil.rig.file import RigFile
from hil.rig.rig import project_root
from hil.rig.run import OpenScenario, Run
from hil.rig.run_folder import ScenarioFacts, refuse
from hil.rig.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Generator

RUN = pytest.StashKey[Run]()
LIVE = pytest.StashKey[LiveLine]()
SCENARIO = pytest.StashKey[OpenScenario]()
OUTCOME = pytest.StashKey[tuple[Verdict, str]]()
STEP_STARTED = pytest.StashKey[float]()
STEPS_LEFT = pytest.StashKey[list[Any]]()
STEP = pytest.StashKey[Any]()
NUMBER = pytest.StashKey[int]()
UNMET = pytest.StashKey[str]()
"""Why this rig cannot offer the scenario; empty if it can."""
OPEN = pytest.StashKey[pytest.Item]()
"""The scenario that has the bench, if any."""
HANDLERS = pytest.StashKey[dict[int, Any]]()
"""Who handled signals before this run."""

DEFAULT_RIG = Path("rigs/virtual.yaml")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("hil", "hardware in the loop")
    group.addoption("--rig", default=str(DEFAULT_RIG), metavar="FILE", help="rig file (default: %(default)s)")
    group.addoption("--node", default=None, metavar="PROVIDER", help="bitcoind: auto, docker, native or external")
    group.addoption("--seed", default=None, type=int, help="repeat a run with its seed (default: a random one)")
    group.addoption("--shuffle", action="store_true", help="run the scenarios in an order that the seed decides")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LIVE] = LiveLine()
    # a terminated run ends as an interrupted one does: every finaliser runs and the bench becomes safe
    handlers: dict[int, Any] = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    config.stash[HANDLERS] = handlers
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, _: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[LIVE].close()
    for number, handler in config.stash[HANDLERS].items():
        signal.signal(number, handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Open the run if there is a scenario to run; whatever is wrong with the rig file ends it before that."""
    seed = config.getoption("seed")
    seed = secrets.randbelow(1 << 31) if seed is None else seed
    if config.getoption("shuffle"):
        random.Random(seed).shuffle(items)  # noqa: S311 - repeatable, and nothing to keep secret
    scenarios = [item for item in items if isinstance(item, ScenarioItem)]
    for number, item in enumerate(scenarios, 1):
        item.stash[NUMBER] = number
    if not scenarios or config.option.collectonly or hasattr(config, "workerinput"):
        return
    path = Path(config.getoption("rig"))
    try:
        root = project_root(config.rootpath)
        try:
            rig_file = RigFile.load(path)
        except ConfigurationError as error:
            folder = refuse(root, path, seed, [_facts(item) for item in scenarios], error)
            _write_reports(folder)
            report = folder.relative_to(root) / "report.html"
            raise pytest.UsageError(f"{error}\nnothing was run, nothing was switched; report: {report}") from None
        for item in scenarios:
            item.stash[UNMET] = why_not(item.case, catalogue_of(config), rig_file)
        features = list(dict.fromkeys(item.document.file for item in scenarios))
        config.stash[RUN] = Run(root, rig_file, node=config.getoption("node"), seed=seed, features=features)
    except ConfigurationError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(ids: list[str]) -> None:
    """Refuse to deal out scenarios to pytest-xdist's workers: a run is one bench, and has one scenario at a time."""
    if any(each.partition("::")[0].endswith(".feature") for each in ids):
        pytest.exit(
            "a run uses one bench, which can do one scenario at a time: -n does not go with features. "
            "Start as many runs as there are benches; each brings its own virtual bench and node.",
            returncode=ExitCode.AUTHOR_ERROR,
        )


def _write_reports(folder: Path) -> None:
    write_junit(folder)
    write_html(folder)


def pytest_report_header(config: pytest.Config) -> str:
    return f"rig: {config.getoption('rig')}"


def pytest_report_collectionfinish(items: list[pytest.Item]) -> list[str]:
    """Tell before the run what this bench cannot offer."""
    unmet = [(item.nodeid, item.stash[UNMET]) for item in items if item.stash.get(UNMET, "")]
    return [f"not applicable: {node}: {why}" for node, why in unmet]


def _facts(item: ScenarioItem) -> ScenarioFacts:
    name = render(item.case.scenario.name, item.case.values)
    name += f" #{item.case.repetition}" if item.case.repetition > 1 else ""
    return ScenarioFacts(name, item.name, item.document.file, item.case.line, tuple(item.case.tags))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if not isinstance(item, ScenarioItem):
        return
    run = item.config.stash[RUN]
    if item.stash[UNMET]:
        item.stash[OUTCOME] = (Verdict.NOT_APPLICABLE, item.stash[UNMET])
        run.record_failed_start(item.stash[NUMBER], _facts(item), *item.stash[OUTCOME])
        pytest.skip(f"not applicable: {item.stash[UNMET]}")
    try:
        scenario = run.begin(item.stash[NUMBER], _facts(item))
    except Exception as error:
        verdict = verdict_of(error)
        item.stash[OUTCOME] = (verdict, str(error))
        run.record_failed_start(item.stash[NUMBER], _facts(item), verdict, str(error))
        _stop_run(item.session, "the bench cannot be had")
        raise
    item.stash[SCENARIO] = scenario
    item.config.stash[OPEN] = item
    scenario.trial.watch.on_progress = item.config.stash[LIVE].show


def _stop_run(session: pytest.Session, why: str) -> None:
    """Run no more scenarios: the bench stays broken until a person has looked."""
    session.shouldfail = why
    _leave_out_the_rest(session, why)


def _leave_out_the_rest(session: pytest.Session, why: str) -> None:
    """Tell of every scenario that has not begun that it did not run, and why."""
    run = session.config.stash[RUN]
    for item in session.items:
        if isinstance(item, ScenarioItem) and OUTCOME not in item.stash and SCENARIO not in item.stash:
            item.stash[OUTCOME] = (Verdict.NOT_RUN, why)
            run.record_failed_start(item.stash[NUMBER], _facts(item), Verdict.NOT_RUN, why)


def pytest_bdd_before_scenario(request: pytest.FixtureRequest, scenario: Any) -> None:
    request.node.stash[STEPS_LEFT] = list(scenario.steps)


def pytest_bdd_before_step(request: pytest.FixtureRequest, step: Any) -> None:
    item = request.node
    item.stash[STEP_STARTED] = item.stash[SCENARIO].trial.clock.now()
    item.stash[STEP] = step
    item.config.stash[LIVE].step = f"{step.keyword} {step.name}"


def pytest_bdd_after_step(request: pytest.FixtureRequest, step: Any) -> None:
    _record_step(request.node, step, "passed")


def pytest_bdd_step_error(request: pytest.FixtureRequest, step: Any, exception: Exception) -> None:
    _record_step(request.node, step, "failed", exception)


def _record_step(item: pytest.Item, step: Any, outcome: str, error: Exception | None = None) -> None:
    left = item.stash[STEPS_LEFT]
    if step in left:
        left.remove(step)
    started: float = item.stash.get(STEP_STARTED, 0.0)
    data: dict[str, Any] = {
        "keyword": step.keyword.strip(),
        "text": step.name,
        "line": step.line_number,
        "outcome": outcome,
        "started": round(started, 6),
    }
    if error is not None:
        data["error"] = error_document(error)
    item.stash[SCENARIO].recorder.write(Kind.STEP, "bench", data)


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
    options = item.config.option
    again = ["hil", "run", item.nodeid, "--seed", str(item.config.stash[RUN].seed)]
    again += ["--rig", options.rig] if options.rig != str(DEFAULT_RIG) else []
    again += ["--node", options.node] if options.node else []
    step = item.stash.get(STEP, None)
    line, words = (step.line_number, f"{step.keyword.strip()} {step.name}") if step else (item.case.line, item.name)
    return explain(f"{item.document.file}:{line}", words, error, again)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    if not isinstance(item, ScenarioItem) or SCENARIO not in item.stash:
        return
    verdict, _ = item.stash.get(OUTCOME, (Verdict.PASS, ""))
    stands, why = _give_back(item)
    if stands is Verdict.RIG_FAULT and not item.config.stash[RUN].bench_is_safe:
        _stop_run(item.session, "the bench did not reach its safe state")
    if stands is not verdict and stands is not Verdict.NOT_RUN:
        pytest.fail(f"{stands}: {why}", pytrace=False)


def _give_back(item: pytest.Item) -> tuple[Verdict, str]:
    """End the scenario that has the bench: what was left is not run, the bench becomes safe, evidence is closed."""
    config = item.config
    del config.stash[OPEN]
    config.stash[LIVE].clear()
    left = list(item.stash.get(STEPS_LEFT, ()))
    ran_to_its_end = STEPS_LEFT in item.stash and not left
    try:
        for step in left:
            _record_step(item, step, "not run")
    except RigFault as error:  # evidence cannot be written; the bench must become safe all the same
        item.stash[OUTCOME] = (Verdict.RIG_FAULT, str(error))
    came_out = (Verdict.PASS, "") if ran_to_its_end else (Verdict.NOT_RUN, "interrupted")
    item.stash[OUTCOME] = config.stash[RUN].end(item.stash[SCENARIO], *item.stash.get(OUTCOME, came_out))
    del item.stash[SCENARIO]  # its events are on the disk; a long run must not keep them all
    return item.stash[OUTCOME]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config = session.config
    if RUN not in config.stash:
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # an impatient second Ctrl-C must not leave the mains on
    run = config.stash[RUN]
    interrupted = exitstatus == ExitCode.INTERRUPTED
    if OPEN in config.stash:
        _give_back(config.stash[OPEN])
    _leave_out_the_rest(session, "interrupted" if interrupted else "the run ended before")
    verdict = run.close(Verdict.NOT_RUN if interrupted else None)
    _write_reports(run.folder)
    session.exitstatus = code_of_session(exitstatus, verdict)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if RUN not in config.stash or not config.stash[RUN].digest:
        return
    run = config.stash[RUN]
    terminalreporter.ensure_newline()
    terminalreporter.section("acceptance")
    for line in summary_lines(RunRecord.load(run.folder)):
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"seed: {run.seed}")
    terminalreporter.write_line(f"report: {run.folder.relative_to(run.root)}/report.html")
    terminalreporter.write_line(f"evidence digest: {run.digest}")


@pytest.fixture
def trial(request: pytest.FixtureRequest) -> Trial:
    """The scenario on the bench: what every step works with."""
    scenario: OpenScenario = request.node.stash[SCENARIO]
    return scenario.trial
