"""The conformance suites of all ports against the parts of a rig: what differs, part by part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from hil.clock import WallClock
from hil.conformance.line import check_line
from hil.conformance.load import check_load
from hil.conformance.meter import check_meter
from hil.conformance.relay import check_relay
from hil.links.serial_line import SerialLine, close_together
from hil.rig.check.findings import CheckFinding, each, fault, note, ok
from hil.rig.check.parts import PATIENCE_S, relay
from hil.rig.config.calibration.of_instruments import tell_meter
from hil.rig.config.target_section import LINES, RELAYS
from hil.rig.labgrid.protocols import load_driver, meter_driver
from hil.rig.labgrid.serial_ports import port_of

if TYPE_CHECKING:
    from hil.conformance.finding import Finding
    from hil.rig.config.rig_file import RigFile


def conformance(target: Any, rig: RigFile) -> list[CheckFinding]:
    """Return what differs from the ports' suites; the relays are open and the load's input is off before and after.

    A line is tested if it ends in a plug (``rig.options.plugs``).
    """
    suites: list[tuple[str, Callable[[], Sequence[Finding]]]] = [
        ("load", lambda: _load(target)),
        ("meter", lambda: _meter(target, rig)),
        *((f"relay {name}", lambda name=name: _relay(target, name)) for name in RELAYS),
    ]
    done: set[str] = set()
    skipped = []
    for name in LINES:
        other = rig.options.plugs.get(name)
        if other is None:
            skipped.append(note(f"line {name} conformance", "not tested: no plug (options.rig.loop_back, crossed)"))
        elif name not in done:
            done |= {name, other}
            suites.append((f"line {name}", lambda name=name, other=other: _line(target, name, other)))  # type: ignore[misc]
    findings = []
    for part, suite in suites:
        title = f"{part} conformance"
        findings += each(title, lambda title=title, suite=suite: _told(title, suite()))  # type: ignore[misc]
    return findings + skipped


def _told(title: str, findings: Sequence[Finding]) -> list[CheckFinding]:
    differing = [fault(title, f"{one.check}: {one.difference}") for one in findings if not one.conforms]
    return differing or [ok(title, f"{len(findings)} of {len(findings)} checks")]


def _load(target: Any) -> list[Finding]:
    load = load_driver(target, activate=False).connect(timeout=PATIENCE_S)
    try:
        return check_load(load)
    finally:
        load.close()


def _meter(target: Any, rig: RigFile) -> list[Finding]:
    meter = meter_driver(target, activate=False).connect(timeout=PATIENCE_S)
    try:
        tell_meter(meter, rig.conditions)
        return check_meter(meter, WallClock().sleep)
    finally:
        meter.close()


def _relay(target: Any, name: str) -> list[Finding]:
    others = [relay(target, other) for other in RELAYS if other != name]
    return check_relay(relay(target, name), WallClock().sleep, others)


def _line(target: Any, name: str, other: str) -> list[Finding]:
    clock = WallClock()
    lines = {end: SerialLine(end, port_of(target.get_driver("SerialDriver", name=end))) for end in {name, other}}
    try:
        for line in lines.values():
            clock.attach(line)
        return check_line(lines[name], clock, None if other == name else lines[other])
    finally:
        close_together(lines.values())
