"""``hil rig check``: everything that is wrong with a bench, found in one go before anybody relies on it.

Each part is opened by itself, so that one that fails hides no other. Relays are switched one at a time, with the load's
input off, under the watchdog, which makes the bench safe if a part does not obey.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.clock import utc_now
from hil.errors import HilError
from hil.rig.check.calibration import calibration
from hil.rig.check.clocks import Drift, TimingLimit, scheduling_delay
from hil.rig.check.conformance import conformance
from hil.rig.check.findings import CheckFinding, Level, each, fault, note, ok
from hil.rig.check.parts import look_at_line, look_at_load, look_at_meter, look_at_node, look_at_relay, open_relay
from hil.rig.check.under_load import compare_under_load, not_compared
from hil.rig.config.target_section import LINES, RELAYS
from hil.rig.labgrid.target import build_target
from hil.rig.safety.lock import find_locks
from hil.rig.safety.watchdog_client import WatchdogClient
from hil.rig.virtual.bench import open_bench
from hil.units import format_quantity

if TYPE_CHECKING:
    from hil.rig.config.rig_file import RigFile

SWITCHED = ("load", "relay")
"""Parts that hold power; one that does not obey is nothing to leave alone."""


def check_rig(
    rig: RigFile,
    *,
    limits: Sequence[TimingLimit],
    node: str | None,
    locks: Path,
    conforms: bool = False,
    under_load: bool = False,
) -> list[CheckFinding]:
    """Return all findings, in the order of the table; raises nothing for anything that the bench does.

    :param limits: of the features that shall run here.
    :param node: preference for bitcoind, None: the default.
    :param conforms: run the conformance suites of all ports too; not on a rig that is locked or has a fault.
    :param under_load: let power flow for a moment and compare meter and load; likewise.
    """
    locked = [fault("lock", f"locked since {lock.since}: {lock.reason}") for _, lock in find_locks(locks, rig)]
    findings = [*locked, *calibration(rig, utc_now().date())]
    try:
        with standing(rig) as (target, guard, now):
            drift = Drift(now) if now is not None else None
            found = _parts(rig, target, limits, switch=not locked)
            if conforms and (locked or disobeyed(found)):
                found.append(note("conformance", "not tested: first mend the faults of load and relays"))
            elif conforms:
                found += conformance(target, rig)
            if under_load and (locked or disobeyed(found)):
                found.append(note("meter ratio", "not compared: first mend the faults of load and relays"))
            elif under_load:
                found += each("relays under load", lambda: compare_under_load(target, rig))
            else:
                found += not_compared(rig)
            found += [drift.finding()] if drift is not None else []
            if disobeyed(found):
                told = guard.trip("a part did not obey in a check")
                say = ok if told["reached"] else fault
                found.append(say("safe state", told["problem"] or f"reached by the watchdog; {told['meter']}"))
            findings += found
    except HilError as error:
        findings.append(fault("bench", str(error), error.exit_code))
    return findings + each("node", lambda: look_at_node(node))


def disobeyed(findings: Sequence[CheckFinding]) -> bool:
    return any(one.level is Level.FAULT and one.part.startswith(SWITCHED) for one in findings)


def _parts(rig: RigFile, target: Any, limits: Sequence[TimingLimit], *, switch: bool) -> list[CheckFinding]:
    """Look at one part after the other; the relays move only if ``switch``: one that does not open must not close."""
    bound = 0.0 if rig.virtual and not rig.real_time else scheduling_delay()
    looks: list[tuple[str, Callable[[], list[CheckFinding]]]] = [
        ("load", lambda: look_at_load(target, rig)),
        ("meter", lambda: look_at_meter(target, rig, bound, limits)),
    ]
    found = [ok("clock", f"bound {format_quantity(bound, 's')}")]
    for part, look in looks:
        found += each(part, look)
    found += _relays(target) if switch else [note("relays", "not switched: the rig is locked")]
    for name in LINES:
        other = rig.options.plugs.get(name)
        found += each(f"line {name}", lambda name=name, other=other: look_at_line(target, name, other))  # type: ignore[misc]
    return found


def _relays(target: Any) -> list[CheckFinding]:
    """Open all, then close one at a time; none is closed while another does not open."""
    stuck = []
    for name in RELAYS:
        stuck += each(f"relay {name}", lambda name=name: open_relay(target, name))  # type: ignore[misc]
    if stuck:
        return [*stuck, note("relays", "none was closed: one does not open")]
    found = []
    for name in RELAYS:
        found += each(f"relay {name}", lambda name=name: look_at_relay(target, name))  # type: ignore[misc]
    return found


@contextlib.contextmanager
def standing(rig: RigFile) -> Iterator[tuple[Any, WatchdogClient, Callable[[], float] | None]]:
    """Give labgrid's target, with the bench standing, its watchdog, and a simulated bench's own time."""
    with contextlib.ExitStack() as stack:
        bench = None
        if rig.virtual:
            bench = open_bench(rig)
            stack.callback(bench.close)
            bench.reset(
                seed="check",
                plant=rig.options.plant,
                devices={},
                node=None,
                clock="wall",
                plugs=rig.options.plugs,
            )
        address, lifeline = (bench.address, bench.lifeline) if bench is not None else ("", None)
        guard = WatchdogClient(rig, address=address, lifeline=lifeline)
        stack.callback(guard.end)
        environment, target = build_target(rig.path)
        stack.callback(environment.cleanup)
        guard.wait_until_ready()
        yield target, guard, None if bench is None else bench.now
