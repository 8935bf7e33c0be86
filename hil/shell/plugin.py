"""The shell as a run of pytest: one scenario after the other, each a test item whose steps come from the prompt.

So a typed step has the fixtures, the evidence, the verdicts and the reports of one in a feature file, and every way out
leaves the bench safe.

PYTEST_DONT_REWRITE: the command imports nothing of this, but pytest would warn if anybody did.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace

import pytest

from hil.bdd import pytest_internals
from hil.bdd.check.preflight import project_tags
from hil.bdd.language import naming
from hil.bdd.pytest_plugin import execution
from hil.bdd.pytest_plugin.collection import ScenarioItem, catalogue_of
from hil.bdd.pytest_plugin.facts import facts_of
from hil.bdd.pytest_plugin.keys import AT_PROMPT, NUMBER, OUTCOME, STEPS_LEFT
from hil.bdd.pytest_plugin.outcome import blame
from hil.bdd.pytest_plugin.run import choose_seed, open_run
from hil.chain.node.folders import cache_folder
from hil.errors import ExitCode, HilError
from hil.interrupts import hang_up
from hil.report.text_format import MARKS
from hil.shell.prompt import open_prompt
from hil.shell.session import Checked, Session, tell
from hil.shell.transcript import Entry, Transcript

TRANSCRIPT = "session.feature"
"""In the run folder: all steps of the session."""

HISTORY = "shell-history"
"""In the cache folder: what was typed in all sessions."""

SESSION = pytest.StashKey[Session]()


def pytest_configure() -> None:
    """Hook of pytest: a terminal that is closed ends the session in order."""
    signal.signal(signal.SIGHUP, hang_up)


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> bool:
    """There is nothing to collect: scenarios come as they are typed."""
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """Hook of pytest: take lines from the person instead of running items."""
    config = session.config
    choose_seed(config)
    run = open_run(config, [])
    tags = project_tags(run.root)
    transcript = Transcript(run.folder / TRANSCRIPT, f"A session on rig {run.rig_file.options.name}")
    shell = config.stash[SESSION] = Session(run, catalogue_of(config), transcript, tags)
    shell.prompt = open_prompt(cache_folder() / HISTORY, shell.complete, shell.toolbar)
    try:
        _ = run.rig  # what is wrong with the bench is told before anything is typed
    except HilError as error:
        transcript.begin()
        item = _item(session, _nothing_typed)
        run.record_failed_start(item.stash[NUMBER], facts_of(item), *blame(error))
        tell(": ".join(blame(error)))
        return True
    tell(f"{run.rig_file.options.name}: {run.rig_file.options.description}", ":help tells what can be typed")
    while (step := shell.next_step()) is not None:
        if not _scenario(session, step) or session.shouldfail:
            break
        shell.tags = []
    return True


def _nothing_typed(request: pytest.FixtureRequest) -> None:
    """Stand in for a scenario that cannot begin."""


def _scenario(session: pytest.Session, first: Checked) -> bool:
    """Give the bench to a scenario that begins with ``first``; return whether another may follow."""
    shell = session.config.stash[SESSION]
    goes_on = False

    def converse(request: pytest.FixtureRequest) -> None:
        nonlocal goes_on
        stash = request.node.stash
        feature = pytest_internals.build_feature(first.document.path, first.document.raw)
        scenario, _ = pytest_internals.last_step(feature, first.scenario)
        with execution.scenario_hooks(request, feature, scenario):
            stash[STEPS_LEFT] = []  # they come as they are typed
            try:
                goes_on = shell.converse(request, first)
            finally:
                stash[OUTCOME] = shell.outcome()

    item = _item(session, converse)
    session.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
    if item.stash[OUTCOME] != shell.outcome():
        verdict, reason = item.stash[OUTCOME]
        tell(f"{MARKS[verdict]} {verdict}: {reason}")
    if not shell.run.unfit:
        tell("the bench is safe: load off, K1 to K4 open, read back")
    return goes_on


def _item(session: pytest.Session, function: Callable[[pytest.FixtureRequest], None]) -> ScenarioItem:
    """Return the scenario that the transcript has just begun, as a test item."""
    transcript = session.config.stash[SESSION].transcript
    document = transcript.with_step(Entry(("Given a step",)))
    case = naming.cases(document)[-1]
    module = pytest_internals.FeatureModule.from_parent(session, path=transcript.path)
    item: ScenarioItem = ScenarioItem.from_parent(
        # keys and evidence must not depend on the name of the run folder
        module,
        name=case.label,
        callobj=function,
        document=replace(document, file=TRANSCRIPT),
        case=case,
    )
    item.stash[NUMBER], item.stash[AT_PROMPT] = len(transcript.parts), True
    session.items.append(item)
    session.testscollected += 1
    return item


def pytest_report_teststatus() -> tuple[str, str, str]:
    """Print no dots between what is typed."""
    return "", "", ""


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A session that came from a pipe is a script: if it said what cannot be done, its author is told by the code."""
    shell = session.config.stash.get(SESSION, None)
    if shell is not None and shell.refused and not shell.prompt.interactive and session.exitstatus == ExitCode.PASS:
        session.exitstatus = ExitCode.AUTHOR_ERROR
