"""Load, meter, relays, lines and node, each looked at by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hil.chain.node.providers import choose
from hil.clock import WallClock, stopwatch
from hil.conformance.update_period import look_closely
from hil.errors import ExitCode
from hil.evidence.event_intervals import TRACE_V
from hil.instruments.meter_limits import MakersLimits, SpecifiedMeter
from hil.ports import Protecting, Reading, ZeroAdjusting
from hil.rig.check.capabilities import NOMINAL_V, another_model
from hil.rig.check.clocks import TimingLimit, decidable, node_skew
from hil.rig.check.findings import CheckFinding, fault, note, ok
from hil.rig.config.calibration.of_instruments import tell_meter
from hil.rig.labgrid.protocols import load_driver, meter_driver
from hil.rig.labgrid.relays import CoilRelay
from hil.rig.safety.standalone_safe_state import limit_patience
from hil.units import Ampere, Second, Volt, Watt, WattHour, format_quantity

if TYPE_CHECKING:
    from hil.ports import Identity, Meter
    from hil.rig.config.rig_file import RigFile

PATIENCE_S = 2.0
"""For each connection and reply."""

READINGS = 50
LITTLE = 0.1
"""Part of its range that a meter should be used at least: its error of range counts tenfold there."""

LOOP_BACK = b"hil loop-back \x00\x55\xaa\xff"
LOOP_BACK_S = 1.0


def relay(target: Any, name: str) -> CoilRelay:
    """Return a relay of labgrid's target that does not keep anybody waiting for long."""
    output = target.get_driver("DigitalOutputProtocol", name=name)
    limit_patience(output, PATIENCE_S)
    return CoilRelay(output)


def look_at_load(target: Any, rig: RigFile) -> list[CheckFinding]:
    """Identity, firmware, its own protections; its input is off afterwards, read back."""
    load = load_driver(target, activate=False).connect(timeout=PATIENCE_S)
    try:
        load.set_input(on=False)
        findings = [ok("load", f"{_identity(load.identity)}; input off, read back"), *_queue("load", load.errors())]
        elapsed = stopwatch()
        for _ in range(READINGS):
            load.errors()
        findings.append(ok("load rate", f"an answer takes {format_quantity(elapsed() / READINGS, 's')}"))
        findings += _declared(rig, "load", load.identity)
        if not isinstance(load, Protecting):
            return [*findings, note("load protection", "this dialect has none")]
        load.prepare()
        for protection in load.protect(rig.options.limits.of_load):
            findings.append(
                ok("load protection", f"{protection.words}: armed, read back")
                if protection.armed
                else note("load protection", protection.words)
            )
        return findings
    finally:
        load.close()


def look_at_meter(target: Any, rig: RigFile, bound: float, limits: Sequence[TimingLimit]) -> list[CheckFinding]:
    """Identity, firmware, update rate, and which limits it decides with a clock of this bound."""
    meter = meter_driver(target, activate=False).connect(timeout=PATIENCE_S)
    try:
        tell_meter(meter, rig.conditions)
        findings = [ok("meter", _identity(meter.identity)), *_queue("meter", meter.errors())]
        findings += _declared(rig, "meter", meter.identity)
        meter.prepare()
        clock = WallClock()
        clock.sleep(meter.settling)
        elapsed = stopwatch()
        readings = [meter.read() for _ in range(READINGS)]
        each = elapsed() / READINGS
        updates = look_closely(meter, clock.now, clock.sleep).result()
        meter.update_period = Second(updates.period)
        words = f"{updates}; a reading takes {format_quantity(each, 's')}"
        if each > meter.update_period:
            findings.append(fault("meter rate", f"{words}: too long"))
        elif updates.slow:
            findings.append(note("meter rate", f"{words}; reckoned with {format_quantity(updates.period, 's')}"))
        else:
            findings.append(ok("meter rate", words))
        findings.append(zero(meter, readings))
        if isinstance(meter, SpecifiedMeter):
            findings += range_behind(meter.limits, rig)
        findings += _uncertain(meter, rig)
        return findings + decidable(meter, bound, limits)
    finally:
        meter.close()


def zero(meter: Meter, readings: Sequence[Reading]) -> CheckFinding:
    """Tell what the meter shows where nothing flows: the mean of these readings, held against what its maker allows."""
    part, volts = "meter zero", max(each.voltage for each in readings)
    if volts >= TRACE_V:
        return note(part, f"not looked at: there are {format_quantity(volts, 'V')} at its terminals")
    mean = Watt(sum(each.power for each in readings) / len(readings))
    words = f"{format_quantity(mean, 'W')} without voltage, the mean of {len(readings)} readings"
    if abs(mean) < (most := allowed_zero(meter)):
        return ok(part, words)
    by = "with hil rig zero" if isinstance(meter, ZeroAdjusting) else "by its manual"
    allowed = format_quantity(most, "W")
    return fault(part, f"{words}; its maker allows less than {allowed}: let it warm up, then zero it {by}")


def allowed_zero(meter: Meter) -> Watt:
    """Return what the meter may show without input, in W: what a transformer may lose does not show there."""
    transformer = meter.conditions.transformer
    if transformer is None or not isinstance(meter, SpecifiedMeter):
        return meter.off_threshold_w
    own = meter.limits.off_threshold(replace(meter.conditions, transformer=None))
    return Watt(own * transformer.ratio)


def range_behind(limits: MakersLimits, rig: RigFile) -> list[CheckFinding]:
    """Tell how much of the meter's current range the transformer before it uses; nothing without one."""
    transformer = rig.conditions.transformer
    if transformer is None:
        return []
    part, end = "meter range", limits.current.end
    most = (rig.options.limits.current or rig.options.limits.power / NOMINAL_V) / transformer.ratio
    words = f"the rig's limits are {format_quantity(most, 'A')} at its input, behind a ratio of {transformer.ratio:g}"
    words += f", of a range of {format_quantity(end, 'A')}"
    if most > end:
        return [fault(part, f"{words}: too much. Use a transformer with a larger ratio")]
    if most < LITTLE * end:
        return [note(part, f"{words}: less than {LITTLE:.0%} of it. A smaller ratio would cost less accuracy")]
    return [ok(part, words)]


def _uncertain(meter: Meter, rig: RigFile) -> list[CheckFinding]:
    """Tell below which power nothing flows, and what readings are uncertain by at the most that the rig allows."""
    most, mains = rig.options.limits.power, NOMINAL_V
    reading = Reading(Volt(mains), Ampere(most / mains), Watt(most), WattHour(most), Second(3600.0))
    hour = meter.energy_budget(reading.energy, reading.integrated, float(reading.energy))
    at = f"at {format_quantity(most, 'W')}, {mains:g} V and power factor 1"
    return [
        ok("meter off", f"no power below {format_quantity(meter.off_threshold_w, 'W')}"),
        ok("meter budget", f"power {at}: {meter.power_budget(reading).brief}"),
        ok("meter budget", f"voltage {at}: {meter.voltage_budget(reading).brief}"),
        ok("meter budget", f"current {at}: {meter.current_budget(reading).brief}"),
        ok("meter budget", f"energy of an hour {at}: {hour.brief}"),
    ]


def open_relay(target: Any, name: str) -> list[CheckFinding]:
    """Open it; nothing is found if it reads back open."""
    relay(target, name).set(closed=False)
    return []


def look_at_relay(target: Any, name: str) -> list[CheckFinding]:
    """It closes and opens, read back."""
    switched = relay(target, name)
    try:
        switched.set(closed=True)
    finally:
        switched.set(closed=False)
    return [ok(f"relay {name}", "closes and opens, read back")]


def look_at_line(target: Any, name: str, other: str | None) -> list[CheckFinding]:
    """It opens; and what is sent comes back on the line ``other`` if there is a plug at its end."""
    port = target.get_driver("SerialDriver", name=name).serial
    if other is None:
        return [ok(f"line {name}", "opens")]
    back = target.get_driver("SerialDriver", name=other).serial
    back.timeout = LOOP_BACK_S
    port.write(LOOP_BACK)
    read = back.read(len(LOOP_BACK))
    if read != LOOP_BACK:
        return [fault(f"line {name}", f"loop-back: sent {LOOP_BACK!r}, read {read!r} within {LOOP_BACK_S:g} s")]
    return [ok(f"line {name}", "loops back" if other == name else f"comes back on {other}")]


def look_at_node(preference: str | None) -> list[CheckFinding]:
    """It starts, and its clock is right."""
    elapsed = stopwatch()
    with choose(preference) as node:
        description = node.describe()
        ready = format_quantity(elapsed(), "s")
        what = f"{description.provider}: {description.subversion}, ready after {ready}"
        return [ok("node", what), node_skew(node)]


def _declared(rig: RigFile, role: str, identity: Identity) -> list[CheckFinding]:
    """Hold what the rig file says of an instrument's model against what the instrument says."""
    what, file = another_model(rig, role, identity), rig.certificates.get(role)
    findings = [fault(f"{role} model", what, ExitCode.AUTHOR_ERROR)] if what else []
    other = "" if file is None else file.other_instrument(identity)
    return [*findings, fault(f"{role} calibration", other)] if other else findings


def _identity(identity: Identity) -> str:
    return f"{identity.manufacturer} {identity.model}, serial {identity.serial}, firmware {identity.firmware}"


def _queue(part: str, errors: list[str]) -> list[CheckFinding]:
    return [note(part, f"left in its error queue: {'; '.join(errors)}")] if errors else []
