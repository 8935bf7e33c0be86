"""The pytest plugin that runs feature files on a rig: options, evidence, verdicts, exit code, summary.

A scenario gets the bench in ``pytest_runtest_setup`` and gives it back, safe, in ``pytest_runtest_teardown``; steps
are recorded as pytest-bdd tells of them. Exit codes are those of :class:`hil.errors.ExitCode`.
"""

from __future__ import annotations

import secrets
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hil.bdd.bridge import render
from hil.bdd.collection import ScenarioItem
from hil.bdd.live import LiveLine
from hil.bdd.outcome import exit_code_of, verdict_of
from hil.errors import ConfigurationError, ExitCode, HilError
from hil.evidence.documents import Kind, Verdict
from hil.evidence.store import RunRecord
from hil.report.html import write_html
from hil.report.junit import write_junit
from hil.report.summary import summary_lines
from hil.rig.file import RigFile
from hil.rig.rig import project_root
from hil.rig.run import OpenScenario, Run, ScenarioFacts
from hil.rig.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Generator

RUN = pytest.StashKey[Run]()
LIVE = pytest.StashKey[LiveLine]()
SCENARIO = pytest.StashKey[OpenScenario]()
OUTCOME = pytest.StashKey[tuple[Verdict, str]]()
STEP_STARTED = pytest.StashKey[float]()
STEPS_LEFT = pytest.StashKey[list[Any]]()
NUMBER = pytest.StashKey[int]()

DEFAULT_RIG = Path("rigs/virtual.yaml")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("hil", "hardware in the loop")
    group.addoption("--rig", default=str(DEFAULT_RIG), metavar="FILE", help="rig file (default: %(default)s)")
    group.addoption("--node", default=None, metavar="PROVIDER", help="bitcoind: auto, docker, native or external")
    group.addoption("--seed", default=None, type=int, help="repeat a run with its seed (default: a random one)")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LIVE] = LiveLine()
    # a terminated run ends as an interrupted one does: every finaliser runs and the bench becomes safe
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, _: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[LIVE].close()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Open the run if there is a scenario to run; whatever is wrong with the rig file ends it before that."""
    scenarios = [item for item in items if isinstance(item, ScenarioItem)]
    for number, item in enumerate(scenarios, 1):
        item.stash[NUMBER] = number
    if not scenarios or config.option.collectonly:
        return
    try:
        rig_file = RigFile.load(Path(config.getoption("rig")))
        seed = config.getoption("seed")
        seed = secrets.randbelow(1 << 31) if seed is None else seed
        root = project_root(config.rootpath)
        features = list(dict.fromkeys(item.document.file for item in scenarios))
        config.stash[RUN] = Run(root, rig_file, node=config.getoption("node"), seed=seed, features=features)
    except ConfigurationError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_report_header(config: pytest.Config) -> str:
    return f"rig: {config.getoption('rig')}"


def _facts(item: ScenarioItem) -> ScenarioFacts:
    name = render(item.case.scenario.name, item.case.values)
    return ScenarioFacts(name, item.name, item.document.file, item.case.line, tuple(item.case.tags))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if not isinstance(item, ScenarioItem):
        return
    run = item.config.stash[RUN]
    try:
        scenario = run.begin(item.stash[NUMBER], _facts(item))
    except Exception as error:
        verdict = verdict_of(error)
        item.stash[OUTCOME] = (verdict, str(error))
        run.record_failed_start(item.stash[NUMBER], _facts(item), verdict, str(error))
        raise
    item.stash[SCENARIO] = scenario
    scenario.trial.watch.on_progress = item.config.stash[LIVE].show


def pytest_bdd_before_scenario(request: pytest.FixtureRequest, scenario: Any) -> None:
    request.node.stash[STEPS_LEFT] = list(scenario.steps)


def pytest_bdd_before_step(request: pytest.FixtureRequest, step: Any) -> None:
    item = request.node
    item.stash[STEP_STARTED] = item.stash[SCENARIO].trial.clock.now()
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
        data["error"] = _error_document(error)
    item.stash[SCENARIO].recorder.write(Kind.STEP, "bench", data)


def _error_document(error: Exception) -> dict[str, Any]:
    if isinstance(error, HilError):
        parts = {"what": error.what, "place": error.place, "remedy": error.remedy}
        return {key: text for key, text in parts.items() if text}
    return {"what": f"{type(error).__name__}: {error}"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if isinstance(item, ScenarioItem) and call.excinfo is not None and OUTCOME not in item.stash:
        error = call.excinfo.value
        item.stash[OUTCOME] = (verdict_of(error), str(error) or type(error).__name__)
        if isinstance(error, HilError):
            report.longrepr = _explain(item, error)
    return report


def _explain(item: ScenarioItem, error: HilError) -> str:
    """Return what an engineer needs on the terminal: the step, what was found, and how to run just this again."""
    run = item.config.stash[RUN]
    step = item.config.stash[LIVE].step
    again = f"hil run '{item.nodeid}' --seed {run.seed}"
    return f"{item.document.file}:{item.case.line}: {step}\n{verdict_of(error)}: {error}\nrun it again: {again}"


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    if not isinstance(item, ScenarioItem) or SCENARIO not in item.stash:
        return
    scenario = item.stash[SCENARIO]
    item.config.stash[LIVE].clear()
    for step in item.stash.get(STEPS_LEFT, []):
        _record_step(item, step, "not run")
    ran = STEPS_LEFT in item.stash
    verdict, reason = item.stash.get(OUTCOME, (Verdict.PASS, "") if ran else (Verdict.NOT_RUN, "interrupted"))
    if verdict is Verdict.PASS and item.stash[STEPS_LEFT]:
        verdict, reason = Verdict.NOT_RUN, "interrupted"
    stands, why = item.config.stash[RUN].end(scenario, verdict, reason)
    item.stash[OUTCOME] = (stands, why)
    if stands is not verdict:
        pytest.fail(f"{stands}: {why}", pytrace=False)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config = session.config
    if RUN not in config.stash:
        return
    run = config.stash[RUN]
    interrupted = exitstatus == ExitCode.INTERRUPTED
    verdict = run.close(Verdict.NOT_RUN if interrupted else None)
    write_junit(run.folder)
    write_html(run.folder)
    if exitstatus in (ExitCode.PASS, ExitCode.DEVICE_FAILURE):
        session.exitstatus = exit_code_of(verdict)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if RUN not in config.stash or not config.stash[RUN].digest:
        return
    run = config.stash[RUN]
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
