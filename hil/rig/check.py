"""``hil rig check``: everything that is wrong with a bench, found in one go before anybody relies on it.

Each part is opened by itself, so that one that fails hides no other. Relays are switched one at a time, with the load's
input off, under the watchdog, which makes the bench safe if a part does not obey.
"""

from __future__ import annotations

import contextlib
import enum
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labgrid import Environment

from hil.chain.providers import choose
from hil.clock import WallClock, stopwatch, utc_now
from hil.errors import ExitCode, HilError, RigFault
from hil.instruments.dialects import open_load, open_meter
from hil.rig.file_target import LINES, RELAYS
from hil.rig.lock import find_locks
from hil.rig.relays import CoilRelay
from hil.rig.safe_state import limit_patience
from hil.rig.safe_state_guard import Guard
from hil.rig.sampling import SAMPLE_PERIOD_S
from hil.rig.virtual_bench import ADDRESS_VARIABLE, TERMINAL_VARIABLES, VirtualBenchProcess
from hil.units import format_quantity

if TYPE_CHECKING:
    from hil.ports import Meter
    from hil.rig.file import RigFile, RigOptions

PATIENCE_S = 2.0
"""For each connection and reply."""

READINGS = 50
LOOP_BACK = b"hil loop-back \x00\x55\xaa\xff"
LOOP_BACK_S = 1.0
TIMERS = 50
TIMER_S = 0.002


class Level(enum.StrEnum):
    """How a finding is meant; only a fault keeps the bench from being relied on."""

    OK = "ok"
    NOTE = "note"
    FAULT = "FAULT"


@dataclass(frozen=True)
class CheckFinding:
    """One line of the table."""

    part: str
    level: Level
    what: str
    code: ExitCode = ExitCode.PASS


@dataclass(frozen=True)
class TimingLimit:
    """A limit on an edge of power, and the step that wants it."""

    seconds: float
    place: str


def ok(part: str, what: str) -> CheckFinding:
    return CheckFinding(part, Level.OK, what)


def fault(part: str, what: str, code: ExitCode = ExitCode.RIG_FAULT) -> CheckFinding:
    return CheckFinding(part, Level.FAULT, what, code)


def check_rig(rig: RigFile, *, limits: Sequence[TimingLimit], node: str | None, locks: Path) -> list[CheckFinding]:
    """Return all findings, in the order of the table; raises nothing for anything that the bench does.

    :param limits: of the features that shall run here.
    :param node: preference for bitcoind, None: the default.
    """
    findings = [fault("lock", f"locked since {lock.since}: {lock.reason}") for _, lock in find_locks(locks, rig)]
    findings += calibration(rig.options, utc_now().date())
    try:
        with _standing(rig) as (target, guard):
            bound = 0.0 if rig.virtual and not rig.real_time else scheduling_delay()
            findings.append(ok("clock", f"bound {format_quantity(bound, 's')}"))
            findings += _each("load", lambda: _load(_resource(target, "LoadDriver", "load")))
            findings += _each("meter", lambda: _meter(_resource(target, "PowerMeterDriver", "meter"), bound, limits))
            if findings[0].part == "lock":  # a relay that does not open must not be closed
                findings.append(CheckFinding("relays", Level.NOTE, "not switched: the rig is locked"))
            for name in () if findings[0].part == "lock" else RELAYS:
                findings += _each(f"relay {name}", lambda name=name: _relay(target, name))  # type: ignore[misc]
            for name in LINES:
                loop = name in rig.options.loop_back
                findings += _each(f"line {name}", lambda name=name, loop=loop: _line(target, name, loop))  # type: ignore[misc]
            if any(each.level is Level.FAULT and each.part.startswith(("load", "relay")) for each in findings):
                told = guard.act("a part did not obey in a check")
                say = ok if told["reached"] else fault
                findings.append(say("safe state", told["problem"] or f"reached by the watchdog; {told['meter']}"))
    except HilError as error:
        findings.append(fault("bench", str(error), error.exit_code))
    return findings + _each("node", lambda: _node(node))


def table(findings: Sequence[CheckFinding]) -> str:
    """Return the findings as aligned columns, and their number."""
    width = max((len(finding.part) for finding in findings), default=0)
    lines = [f"{finding.part:{width}}  {finding.level:5}  {finding.what}" for finding in findings]
    faults = sum(finding.level is Level.FAULT for finding in findings)
    return "\n".join([*lines, f"{faults} fault{'' if faults == 1 else 's'}"])


def calibration(options: RigOptions, today: date) -> list[CheckFinding]:
    """Return what the rig file says of each instrument's calibration; an expired one is a fault."""
    findings = []
    for role in ("meter", "load"):
        part, facts = f"{role} calibration", options.instruments.get(role)
        if facts is None:
            findings.append(CheckFinding(part, Level.NOTE, f"options.rig.instruments says nothing of the {role}"))
        elif facts.due is None:
            findings.append(CheckFinding(part, Level.NOTE, f"{facts.calibration}; no due date"))
        else:
            findings.append(_due(part, facts.due, f"{facts.calibration}, U {facts.uncertainty or 'not given'}", today))
    return findings


def refuse_expired(options: RigOptions, place: str) -> None:
    """Raise RigFault if a calibration has expired: such a bench gives no acceptance."""
    expired = [each for each in calibration(options, utc_now().date()) if each.level is Level.FAULT]
    if expired:
        what = "; ".join(f"{each.part}: {each.what}" for each in expired)
        raise RigFault(what, place=place, remedy="Have it calibrated, or run without --acceptance.")


def resolution(meter: Meter, bound: float) -> float:
    """Return the seconds within which this bench knows an edge of power: a sample, its age, and the clock twice."""
    return SAMPLE_PERIOD_S + 2 * float(meter.update_period) + 2 * bound


def scheduling_delay() -> float:
    """Return how late this machine rings a timer at worst, at least the bound of the wall clock."""
    clock, worst = WallClock(), float(WallClock.bound)
    for _ in range(TIMERS):
        due = clock.now() + TIMER_S
        clock.sleep(TIMER_S)
        worst = max(worst, clock.now() - due)
    return worst


# --- parts ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _standing(rig: RigFile) -> Iterator[tuple[Any, Guard]]:
    """Give labgrid's target, with the bench standing, and its watchdog."""
    with contextlib.ExitStack() as stack:
        bench = None
        if rig.virtual:
            bench = VirtualBenchProcess(rig.bench_address, rig.bench_instruments)
            stack.callback(bench.close)
            bench.reset(seed="check", plant={}, devices={}, node=None, clock="wall")
            os.environ[ADDRESS_VARIABLE] = bench.address
            os.environ.update({TERMINAL_VARIABLES[role]: path for role, path in bench.terminals.items()})
        address, lifeline = (bench.address, bench.lifeline) if bench is not None else ("", None)
        guard = Guard(rig, address=address, lifeline=lifeline)
        stack.callback(guard.end)
        environment = Environment(config_file=str(rig.path))
        stack.callback(environment.cleanup)
        guard.wait_until_ready()
        yield environment.get_target("main"), guard


def _each(part: str, look: Callable[[], list[CheckFinding]]) -> list[CheckFinding]:
    try:
        return look()
    except HilError as error:
        return [fault(part, str(error), error.exit_code)]
    except (
        Exception
    ) as error:  # a driver of labgrid's, a serial port: whatever it is, the other parts are looked at too
        return [fault(part, f"{type(error).__name__}: {error}")]


def _resource(target: Any, kind: str, name: str) -> str:
    resource: str = target.get_driver(kind, name=name, activate=False).instrument.resource
    return resource


def _due(part: str, due: str, facts: str, today: date) -> CheckFinding:
    try:
        last = date.fromisoformat(due)
    except ValueError:
        return fault(part, f"{facts}; due '{due}' is no date like 2027-01-31", ExitCode.AUTHOR_ERROR)
    if last < today:
        return fault(part, f"{facts}; expired on {last}")
    return ok(part, f"{facts}; due {last}")


def _load(resource: str) -> list[CheckFinding]:
    load = open_load("load", resource, timeout=PATIENCE_S)
    try:
        load.set_input(on=False)
        return [ok("load", f"{_identity(load.identity)}; input off, read back"), *_queue("load", load.errors())]
    finally:
        load.close()


def _meter(resource: str, bound: float, limits: Sequence[TimingLimit]) -> list[CheckFinding]:
    meter = open_meter("meter", resource, timeout=PATIENCE_S)
    try:
        findings = [ok("meter", _identity(meter.identity)), *_queue("meter", meter.errors())]
        meter.prepare()
        WallClock().sleep(meter.settling)
        elapsed = stopwatch()
        for _ in range(READINGS):
            meter.read()
        each, rate = elapsed() / READINGS, 1 / meter.update_period
        words = f"{rate:g} Hz; a reading takes {format_quantity(each, 's')}"
        slow = each > meter.update_period
        findings.append(fault("meter rate", f"{words}: too long") if slow else ok("meter rate", words))
        width = resolution(meter, bound)
        for limit in limits:
            what = f"a {format_quantity(limit.seconds, 's')} limit ({limit.place})"
            how = f"at {rate:g} Hz with this clock bound: an edge is known within {format_quantity(width, 's')}"
            if width > limit.seconds:
                findings.append(fault("limit", f"cannot decide {what} {how}", ExitCode.INCONCLUSIVE))
            else:
                findings.append(ok("limit", f"can decide {what} {how}"))
        return findings
    finally:
        meter.close()


def _identity(identity: Any) -> str:
    return f"{identity.manufacturer} {identity.model}, serial {identity.serial}, firmware {identity.firmware}"


def _queue(part: str, errors: list[str]) -> list[CheckFinding]:
    return [CheckFinding(part, Level.NOTE, f"left in its error queue: {'; '.join(errors)}")] if errors else []


def _relay(target: Any, name: str) -> list[CheckFinding]:
    output = target.get_driver("DigitalOutputProtocol", name=name)
    limit_patience(output, PATIENCE_S)
    relay = CoilRelay(output)
    try:
        relay.set(closed=True)
    finally:
        relay.set(closed=False)
    return [ok(f"relay {name}", "closes and opens, read back")]


def _line(target: Any, name: str, loop: bool) -> list[CheckFinding]:
    driver = target.get_driver("SerialDriver", name=name)
    if not loop:
        return [ok(f"line {name}", "opens")]
    port = driver.serial
    port.timeout = LOOP_BACK_S
    port.write(LOOP_BACK)
    read = port.read(len(LOOP_BACK))
    if read != LOOP_BACK:
        return [fault(f"line {name}", f"loop-back: sent {LOOP_BACK!r}, read {read!r} within {LOOP_BACK_S:g} s")]
    return [ok(f"line {name}", "loops back")]


def _node(preference: str | None) -> list[CheckFinding]:
    elapsed = stopwatch()
    with choose(preference) as node:
        description = node.describe()
        ready = format_quantity(elapsed(), "s")
        return [ok("node", f"{description.provider}: {description.subversion}, ready after {ready}")]
