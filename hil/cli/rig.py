"""``hil rig``: safe, clear, check, zero, study: what a person at the bench does by hand."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.cli.laboratory import laboratory, shown
from hil.cli.runs.study import add_study_action
from hil.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.rig.check.clocks import TimingLimit
    from hil.rig.config.rig_file import RigFile


def add_rig_commands(commands: Any) -> None:
    """Add ``rig`` and its actions to argparse's ``commands``."""
    rig = commands.add_parser(
        "rig",
        help="a bench by hand: make it safe, clear its lock, check it, zero its meter, study it",
    )
    actions = rig.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, act, text in (
        ("safe", _safe, "load input off, K1 to K4 open, read back; a bench that does not obey is locked"),
        ("clear", _clear, "a person has looked: a locked bench may be used again"),
        ("check", _check, "identity, calibration, relays, lines, clock, meter and node: all findings at once"),
        ("zero", _zero, "make the bench safe, then zero its lab meter; refused while anything is at its inputs"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument("rig", metavar="RIG", help="rig file")
        action.set_defaults(act=act)
        if name == "check":
            action.add_argument("features", nargs="*", help="whose limits the meter must decide")
            action.add_argument(
                "--conformance", action="store_true", help="every port's conformance suite too, against the real parts"
            )
            action.add_argument(
                "--under-load", action="store_true", help="let power flow for a moment: meter and load must agree"
            )
            action.add_argument("--node", help="bitcoind: auto, docker, native or external (default: NODE, else auto)")

    add_study_action(actions)
    action = actions.add_parser("dialects", help="the instruments that a rig may have", description=_dialects.__doc__)
    action.set_defaults(act=_dialects)


def _dialects(options: argparse.Namespace, _: list[str]) -> int:
    """List the instruments that have a driver: its name, what *IDN? tells, whence it comes; and the virtual ones."""
    from hil.instruments.dialects import LOADS, METERS
    from hil.plugins import registry
    from hil.plugins.groups import VIRTUAL_LOADS, VIRTUAL_METERS

    laboratory()
    broken: list[ConfigurationError] = []
    for dialects, simulated in ((METERS, VIRTUAL_METERS), (LOADS, VIRTUAL_LOADS)):
        role = dialects.kind
        for plugin, driver in dialects.loaded(broken):
            words = f"{driver.serves.maker} {', '.join(driver.serves.models)}"
            print(f"{role:5}  {plugin.name:12}  {words:36}  {plugin.origin}")
        print(f"{role:5}  on a VirtualBench: {', '.join(registry.names(simulated))}")
    for error in broken:
        print(f"hil rig dialects: {error}", file=sys.stderr)
    return ExitCode.PASS


def _safe(options: argparse.Namespace, _: list[str]) -> int:
    from hil.rig.safety.lock import write_lock
    from hil.rig.safety.standalone_safe_state import SafeStateMaker

    rig = _load(options.rig)
    _needs_bench(rig)
    maker = SafeStateMaker(rig.path, lambda text: print(f"hil rig safe: {text}", file=sys.stderr))
    try:
        report = maker.act("by hand", prepare=True)
    finally:
        maker.close()
    for step in report.steps:
        state = "ok" if step.reached else f"NOT REACHED: {step.problem}"
        print(f"{step.part:12} {state} ({step.ms:.1f} ms)")
    print(f"{'meter':12} {report.meter}")
    if report.reached:
        print(f"safe after {report.ms:.0f} ms")
        return ExitCode.PASS
    print(f"hil rig safe: {report}", file=sys.stderr)
    print(f"locked: {write_lock(_locks(), rig, f'by hand: {report.problem}')}", file=sys.stderr)
    return ExitCode.RIG_FAULT


def _clear(options: argparse.Namespace, _: list[str]) -> int:
    from hil.rig.safety.lock import bench_name, clear_locks

    rig = _load(options.rig)
    cleared = clear_locks(_locks(), rig)
    for lock in cleared:
        print(f"cleared: {lock.rig}, locked since {lock.since}: {lock.reason}")
    if not cleared:
        print(f"{bench_name(rig)} is not locked")
    return ExitCode.PASS


def _check(options: argparse.Namespace, _: list[str]) -> int:
    from hil.clock import utc_now
    from hil.rig.check.findings import table
    from hil.rig.check.kept import CHECKS, keep
    from hil.rig.check.run import check_rig

    rig, project = _load(options.rig), laboratory()
    findings = check_rig(
        rig,
        limits=power_limits(options.features or [shown(project.features)], project.steps),
        node=project.provider(options.node),
        locks=_locks(),
        conforms=options.conformance,
        under_load=options.under_load,
    )
    print(table(findings))
    keep(project.root / CHECKS, rig, findings, utc_now())
    return max((finding.code for finding in findings), default=ExitCode.PASS)


def _zero(options: argparse.Namespace, _: list[str]) -> int:
    from hil.clock import utc_now
    from hil.rig.check.findings import table
    from hil.rig.check.kept import CHECKS, keep_zero
    from hil.rig.check.zeroing import zero_rig

    rig, project = _load(options.rig), laboratory()
    done = zero_rig(rig, locks=_locks())
    print(table(done.findings))
    if done.before is not None and done.after is not None:
        keep_zero(project.root / CHECKS, rig, done.before, done.after, utc_now())
    return max((finding.code for finding in done.findings), default=ExitCode.PASS)


def power_limits(paths: Sequence[str], steps: Sequence[str]) -> list[TimingLimit]:
    """Return the different limits on edges of power that the features want, each with the first step that does."""
    from hil.bdd.language.applicability import demands
    from hil.bdd.language.catalogue import load_catalogue
    from hil.bdd.language.document import render
    from hil.bdd.language.naming import cases
    from hil.bdd.language.reader import read_paths
    from hil.rig.check.capabilities import undecidable_edge
    from hil.rig.check.clocks import TimingLimit

    catalogue = load_catalogue(steps)
    found: dict[float, TimingLimit] = {}
    for document in read_paths(paths):
        for case in cases(document):
            for step in case.scenario.all_steps:
                text = render(step.text.text, case.values)
                for definition in catalogue.find(step.kind or "given", text):
                    if any(demand.check is undecidable_edge for demand in demands(definition.function, "undecidable")):
                        seconds = float(str(definition.expression.values(text)[0]))
                        found.setdefault(seconds, TimingLimit(seconds, f"{document.file}:{step.line}"))
    return [found[seconds] for seconds in sorted(found)]


def _load(path: str) -> RigFile:
    from hil.rig.config.rig_file import RigFile

    laboratory()  # its plug-ins may drive the rig
    return RigFile.load(Path(path))


def _locks() -> Path:
    from hil.rig.config.project import find_project
    from hil.rig.safety.lock import LOCKS

    return find_project(Path.cwd()).root / LOCKS


def _needs_bench(rig: RigFile) -> None:
    """A virtual bench lives as long as a run; by hand only one that stands by itself can be reached."""
    from hil.rig.virtual.environment import ADDRESS_VARIABLE

    if rig.virtual and not rig.standing and not os.environ.get(ADDRESS_VARIABLE):
        raise ConfigurationError(
            f"the bench of '{rig.options.name}' is virtual and lives only as long as a run",
            place=str(rig.path),
            remedy=f"Start one with hil vbench up, and set {ADDRESS_VARIABLE} to its address.",
        )
