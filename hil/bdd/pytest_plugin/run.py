"""The pytest plugin that runs feature files on a rig: options, the run from its first scenario to its last, exit code,
summary. Exit codes are those of :class:`hil.errors.ExitCode`.

What concerns one scenario is in :mod:`hil.bdd.pytest_plugin.scenarios`, which a project loads beside this plugin.

PYTEST_DONT_REWRITE: the shell's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import random
import secrets
import signal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from hil.bdd.check.rig_file import read_rig
from hil.bdd.pytest_plugin import options, python_tests
from hil.bdd.pytest_plugin.collection import REQUIREMENT_MARKER, ScenarioItem, catalogue_of, requirements_of
from hil.bdd.pytest_plugin.facts import facts_of, on_bench
from hil.bdd.pytest_plugin.keys import BENCHES, CLOSING, LIVE, NUMBER, OPEN, OTHERS_FAILED, PRECHECK, RUN, SEED
from hil.bdd.pytest_plugin.last_catch import LastCatch
from hil.bdd.pytest_plugin.outcome import abort_on_problems, code_of_session
from hil.bdd.pytest_plugin.project import node_of, rig_of
from hil.bdd.pytest_plugin.reports import junit_file
from hil.bdd.pytest_plugin.reports.closing import last_lines, write_run_reports
from hil.bdd.pytest_plugin.reports.others import LOG_LINES, add_options, tell_others
from hil.bdd.pytest_plugin.scenarios import give_back, leave_out_the_rest
from hil.bdd.pytest_plugin.several_benches.applicable import held_against_rigs
from hil.bdd.pytest_plugin.several_benches.on_places import PlacesShare
from hil.bdd.pytest_plugin.several_benches.parallel import SeveralBenches, number_of_benches
from hil.bdd.pytest_plugin.several_benches.places import PLACES, add_bench_options, look_for_places
from hil.bdd.pytest_plugin.showing.bench_status import STATUS
from hil.bdd.pytest_plugin.showing.live_line import LiveLine
from hil.bdd.pytest_plugin.showing.page import PAGE, show
from hil.errors import AuthorError, ConfigurationError, ExitCode, RigFault
from hil.evidence.documents import Verdict
from hil.history.index import write_index
from hil.interrupts import SIGNALS, hang_up, heard, interrupt
from hil.report.all_reports import write_reports
from hil.report.junit import SCENARIO_PROPERTY
from hil.report.text_format import on_a_line
from hil.rig.config.mistakes import REMEDY
from hil.rig.config.project import TABLE, find_project
from hil.scenario.ending import Ending
from hil.scenario.run import Run
from hil.scenario.run_folder import refuse
from hil.scenario.setups.common import COUNTERPARTS

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence


_SUMMED_UP = frozenset(pytest.ExitCode) - {pytest.ExitCode.INTERNAL_ERROR}
"""Ends of a session after which pytest tells its summary, and ours."""

COLLECTED = pytest.StashKey[bool]()
"""That the collection has come to its end without an error."""

HANDLERS = pytest.StashKey[dict[int, Any]]()
"""Who handled signals before this run."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Hook of pytest: the options of a run."""
    group = parser.getgroup("hil", "hardware in the loop")
    given = options.given
    group.addoption("--rig", type=given, metavar="FILE", help=f"rig file (default: rig of [{TABLE}])")
    group.addoption("--node", type=given, metavar="PROVIDER", help="bitcoind: auto, docker, native or external")
    group.addoption("--seed", default=None, type=int, help="repeat a run with its seed (default: a random one)")
    add_bench_options(group)
    group.addoption(
        "--counterpart",
        choices=COUNTERPARTS,
        default=COUNTERPARTS[0],
        help="which implementation plays what the rig plays (default: %(default)s, that of the reference devices)",
    )
    group.addoption("--live", action="store_true", help="serve a page that shows the run, and tell its address")
    group.addoption("--shuffle", action="store_true", help="run the scenarios in an order that the seed decides")
    group.addoption(
        "--step-times",
        type=int,
        default=0,
        metavar="N",
        help="list the N steps that took longest on this machine, with the bench's time beside it",
    )
    add_options(group)


def pytest_configure(config: pytest.Config) -> None:
    """Hook of pytest: prepare live line and signals."""
    config.stash[LIVE], config.stash[CLOSING] = LiveLine(), []
    config.pluginmanager.register(LastCatch(config))
    # a terminated run ends as an interrupted one does: every finaliser runs and the bench becomes safe
    handlers: dict[int, Any] = {number: signal.getsignal(number) for number in heard()}
    config.stash[HANDLERS] = handlers
    for number in handlers:
        signal.signal(number, hang_up if number == signal.SIGHUP else interrupt)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Hook of pytest: give the signals back."""
    config.stash[LIVE].close()
    for number, handler in config.stash[HANDLERS].items():
        signal.signal(number, handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Hook of pytest: bring the items into the order that was asked for; refuse requirements that none may name."""
    seed = choose_seed(config)
    if config.getoption("shuffle"):
        random.Random(seed).shuffle(items)  # noqa: S311 - repeatable, and nothing to keep secret
    try:
        python_tests.check_functions(items)
        python_tests.check_fixtures(items)
        if any(not isinstance(item, ScenarioItem) and item.get_closest_marker(REQUIREMENT_MARKER) for item in items):
            python_tests.check_requirements(items, requirements_of(config))
    except AuthorError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[COLLECTED] = True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Open the run if there is a scenario to run; whatever is wrong with the rig file ends it before that.

    Only now is it known what ``--lf``, ``--ff`` and their like have left, and in which order. pytest calls this even if
    the collection has failed.
    """
    config = session.config
    if COLLECTED not in config.stash or options.shows_only(config) or hasattr(config, "workerinput"):
        return
    scenarios = [item for item in session.items if isinstance(item, ScenarioItem) or python_tests.uses_bench(item)]
    if not scenarios:
        return
    for number, item in enumerate(scenarios, 1):
        item.stash[NUMBER] = number
        item.user_properties.append((SCENARIO_PROPERTY, number))
    open_run(config, scenarios)


def choose_seed(config: pytest.Config) -> int:
    """Return the seed of this run: the one that was asked for, or a random one."""
    seed: int | None = config.getoption("seed")
    config.stash[SEED] = secrets.randbelow(1 << 31) if seed is None else seed
    return config.stash[SEED]


def open_run(config: pytest.Config, scenarios: Sequence[pytest.Item]) -> Run:
    """Open the run of these scenarios; the seed was chosen. Raises pytest.UsageError for a mistake of its author."""
    seed, path = config.stash[SEED], rig_of(config)
    try:
        root = find_project(config.rootpath).root
        places = config.stash[PLACES] = look_for_places(config)
        rig_file, wrong = read_rig(path, catalogue_of(config)) if places is None else (places.first, [])
        if wrong or rig_file is None:
            if rig_file is not None:
                wrong += [each for each in held_against_rigs(config, scenarios, {"": rig_file}) if each not in wrong]
            error = ConfigurationError("\n".join(map(str, wrong)), remedy=REMEDY)
            folder = refuse(root, path, seed, [facts_of(item) for item in scenarios], error)
            write_index(folder.parents[1], write_reports(folder))
            report = folder.relative_to(root) / "report.html"
            raise pytest.UsageError(f"{error}\nnothing was run, nothing was switched; report: {report}") from None
        rigs = {"": rig_file} if places is None else places.rigs
        abort_on_problems(held_against_rigs(config, scenarios, rigs))
        options.refuse(config, scenarios, real_time=rig_file.real_time or not rig_file.virtual)
        asked = 1 if options.one_bench_for(config) else config.getoption("benches")
        config.stash[BENCHES] = (
            number_of_benches(asked, rig_file, node_of(config), len(scenarios))
            if places is None
            else places.share(config, scenarios, asked)
        )
        features = list(dict.fromkeys(facts_of(item).feature for item in scenarios))
        run = config.stash[RUN] = Run(
            root,
            rig_file,
            node=node_of(config),
            seed=seed,
            features=features,
            requirements=[each.as_dict() for each in requirements_of(config).values()],
            counterpart=config.getoption("counterpart"),
        )
        show(config, run, scenarios)
    except ConfigurationError as error:
        raise pytest.UsageError(str(error)) from None
    except RigFault as error:
        pytest.exit(f"{Verdict.RIG_FAULT}: {error}", returncode=ExitCode.RIG_FAULT)
    return run


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(ids: list[str]) -> None:
    """Refuse to deal out scenarios to pytest-xdist's workers: see docs/decisions/0013-several-benches.md."""
    if any(each.partition("::")[0].endswith(".feature") for each in ids):
        pytest.exit(options.XDIST, returncode=ExitCode.AUTHOR_ERROR)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Share the items out if the run has several benches; else pytest runs them."""
    config = session.config
    places = config.stash.get(PLACES, None)
    if (config.stash.get(BENCHES, 1) == 1 and places is None) or session.testsfailed:
        return None
    (SeveralBenches(session, config.stash[BENCHES]) if places is None else PlacesShare(session, places)).run()
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)
    return True


def pytest_report_header(config: pytest.Config) -> str:
    """Hook of pytest: name the rig file."""
    return f"rig: {config.getoption('place') or rig_of(config)}"


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """Tell before the run what this bench cannot offer, and what it cannot decide."""
    benches = config.stash.get(BENCHES, 1)
    places = config.stash.get(PLACES, None)
    shared = [f"{benches} benches share them"] if benches > 1 else []
    shared = [places.words, *places.left_out] if places is not None else shared
    unmet = [(item.nodeid, *item.stash[PRECHECK]) for item in items if PRECHECK in item.stash]
    page = [config.stash[PAGE]] if PAGE in config.stash else []
    return [*page, *shared, *(f"{verdict}: {node}: {why}" for node, verdict, why in unmet)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hook of pytest: note whether a test that does not use the bench fails."""
    report = yield
    if report.failed and not on_bench(item):
        item.config.stash[OTHERS_FAILED] = True
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """End the run and write its reports; each part of that is done, whatever the one before it raised."""
    config = session.config
    if RUN not in config.stash:
        return
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # an impatient second Ctrl-C must not leave the mains on
    run = config.stash[RUN]
    interrupted = exitstatus == ExitCode.INTERRUPTED
    ending = Ending(Verdict.NOT_RUN, "")
    if OPEN in config.stash:
        ending.phase(partial(give_back, config.stash[OPEN]))
    ending.phase(lambda: leave_out_the_rest(session, "interrupted" if interrupted else "the run ended before"))
    ending.phase(config.stash[STATUS].end)
    if ending.verdict is not Verdict.NOT_RUN:
        run.note(ending.verdict, ending.reason)
    run.close(interrupted=interrupted)
    reports = Ending(Verdict.NOT_RUN, "")
    reports.phase(lambda: write_run_reports(config, run))
    reports.phase(lambda: junit_file.rewrite(config, run.folder))
    reports.phase(lambda: tell_others(config, run))
    if reports.verdict is not Verdict.NOT_RUN:
        run.note(reports.verdict, reports.reason)
        run.close(interrupted=interrupted)
    verdict = run.verdict(interrupted=interrupted)
    reports.phase(config.stash[STATUS].close)
    config.stash[CLOSING] += last_lines(config, run)
    session.exitstatus = code_of_session(exitstatus, verdict, others_failed=OTHERS_FAILED in config.stash)
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus not in _SUMMED_UP and terminal is not None:
        reports.phase(lambda: pytest_terminal_summary(terminal, config))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Hook of pytest: say what came of the run."""
    if RUN not in config.stash:
        return
    terminalreporter.ensure_newline()
    terminalreporter.section("acceptance")
    for line in config.stash[CLOSING]:
        terminalreporter.write_line(on_a_line(line))
    for line in config.stash.get(LOG_LINES, []):
        terminalreporter.write_line(line)
