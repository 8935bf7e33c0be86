"""Faults that are seeded in a virtual bench: whether the rig finds them, and how the devices react."""

from __future__ import annotations

from hil.steps.setup import BOOT_TIMEOUT_S
from hil.testing import (
    Cause,
    Check,
    Percent,
    ScenarioRun,
    Second,
    Source,
    brings,
    decides,
    feature,
    follows,
    given,
    needs,
    once,
    proves_the_bench,
    sensible,
    tells,
    then,
    unsure,
    when,
    within_time,
)
from hil.testing.feasibility import Course, RigFile, doubtful_edge, undecidable_edge
from hil.testing.measurements import bench
from hil.testing.stimuli import bench as bench_faults

SEEDED = feature("seeded-faults")


def _no_drift(drift: Percent) -> str:
    if drift and abs(drift) < HIGHEST_DRIFT:
        return ""
    return f"a meter does not drift by {drift:g} %; above -{HIGHEST_DRIFT:g} %, below {HIGHEST_DRIFT:g} %, and not 0 %"


def _no_drift_of(_: str, drift: Percent) -> str:
    return _no_drift(drift)


LONGEST_CHATTER_S = 1.0
"""A contact that is open for longer is a contact that has opened."""

HIGHEST_DRIFT = 100.0
"""Below that a meter still tells something of what it measures, percent."""


def _takes_defects(rig: RigFile, _: Second) -> str:
    own = [role for role, facts in rig.options.devices.by_role().items() if not rig.is_reference(facts)]
    return f"the {own[0]} is not the simulated reference device, which alone takes seeded defects" if own else ""


LONGEST_DELAY_S = BOOT_TIMEOUT_S - 30.0
"""The reference device needs less than 30 s by itself, and its first payment is waited for no longer."""


def _too_slow(delay: Second) -> str:
    if delay <= LONGEST_DELAY_S:
        return ""
    return f"at most {LONGEST_DELAY_S:g} s longer, not {delay:g} s: a first payment is waited for {BOOT_TIMEOUT_S:g} s"


@given("the device under test needs {duration} longer to start, as a seeded defect")
@sensible(_too_slow)
@needs(feature("seeded-defects"))
@needs(_takes_defects)
@tells(Course.goes_on)
@once("how much longer the device needs to start")
def slow_start(delay: Second, /, scenario: ScenarioRun) -> None:
    """A defect put into the simulated device, to see that the bench finds it. Only on rigs with seeded-defects."""
    scenario.plan.boot_delay_s = float(delay)


@when("relay {relay} {relay_fault}, as a seeded fault")
@needs(SEEDED)
@proves_the_bench
@brings(Cause.SEEDED_FAULT)
def relay_fails(relay: str, fault: str, /, scenario: ScenarioRun) -> None:
    """Welded contacts stay closed whatever the coil is told; a relay that ignores its coil reads back the old state."""
    bench_faults.seed(scenario, relay, bench_faults.RELAY_FAULTS[fault])


@when("relay {relay} bounces for {duration} whenever it closes, as a seeded fault")
@needs(SEEDED)
@brings(Cause.SEEDED_FAULT)
def relay_bounces(relay: str, duration: Second, /, scenario: ScenarioRun) -> None:
    """The contact opens twice before it rests."""
    bench_faults.seed(scenario, relay, "bounces", float(duration))


@when("the socket's own contact {relay_fault}, as a seeded fault")
@needs(SEEDED)
@brings(Cause.SEEDED_FAULT)
def contact_fails(fault: str, /, scenario: ScenarioRun) -> None:
    """A fault of the device: power flows on when its credit is spent, or does not begin when it is paid for."""
    bench_faults.seed(scenario, "socket contact", bench_faults.RELAY_FAULTS[fault])


def _no_chatter(gap: Second) -> str:
    if 0 < gap <= LONGEST_CHATTER_S:
        return ""
    return f"a contact that chatters opens for more than 0 s, at most {LONGEST_CHATTER_S:g} s"


@when("the socket's own contact opens by itself for {duration} every three seconds, as a seeded fault")
@needs(SEEDED)
@sensible(_no_chatter)
@brings(Cause.SEEDED_FAULT)
def contact_chatters(gap: Second, /, scenario: ScenarioRun) -> None:
    """A fault of the device: a loose spring, a coil with too little voltage. The coil stays energised meanwhile."""
    bench_faults.seed(scenario, "socket contact", "chatters", float(gap))


@when("the socket's own meter {own_meter_fault}, as a seeded fault")
@needs(SEEDED)
@brings(Cause.SEEDED_FAULT)
def own_meter_fails(fault: str, /, scenario: ScenarioRun) -> None:
    """``falls silent``: it stops answering. ``stands still``: it keeps the energy and power of this instant.
    ``steps back by 1 Wh``: its register shows so much less, and counts on from there.
    """
    bench_faults.seed(scenario, "socket meter", fault)


def _not_its_fault(instrument: str, fault: str) -> str:
    if fault == "freezes" and instrument != "lab meter":
        return f"the {instrument} cannot freeze, only the lab meter; it hangs, answers garbage or loses its connection"
    return ""


@when("the {instrument} {instrument_fault}, as a seeded fault")
@needs(SEEDED)
@sensible(_not_its_fault)
@proves_the_bench
@brings(Cause.SEEDED_FAULT)
def instrument_fails(instrument: str, fault: str, /, scenario: ScenarioRun) -> None:
    """``freezes`` (the lab meter): it goes on answering with its last reading. The others fail where it is asked."""
    bench_faults.seed(scenario, bench_faults.PLACES.get(instrument, instrument), fault)


@when("the lab meter drifts by {percent}, as a seeded fault")
@needs(SEEDED)
@sensible(_no_drift)
@brings(Cause.SEEDED_FAULT)
def lab_meter_drifts(drift: Percent, /, scenario: ScenarioRun) -> None:
    """It reads current and power by this much too high from now on; only a calibration can tell."""
    bench_faults.seed(scenario, "meter", "drifts", drift / 100)


@when("the {device}'s own meter drifts by {percent}, as a seeded fault")
@needs(SEEDED)
@sensible(_no_drift_of)
@brings(Cause.SEEDED_FAULT)
def device_meter_drifts(device: str, drift: Percent, /, scenario: ScenarioRun) -> None:
    """The meter of the device under test counts by this much too much from now on."""
    bench_faults.seed(scenario, f"{device} meter", "drifts", drift / 100)


@then("the power was cut within {duration} of the seeded fault")
@decides(undecidable_edge)
@unsure(doubtful_edge)
@follows(Cause.SEEDED_FAULT)
def cut_after_fault(limit: Second, /) -> Check:
    """From the first fault that was seeded to the first reading without power."""
    return within_time("seeded fault to zero power", limit, bench.fault_to_cut, Source.BENCH, Source.LAB_METER)


@then("the bench blames the {bench_part} within {duration}")
@follows(Cause.SEEDED_FAULT)
def blames(part: str, limit: Second, /) -> Check:
    """The bench finds the seeded fault by what it observes and names the part; it is mended then."""
    name = f"fault of the {part} to its being named"
    return within_time(
        name, limit, lambda observer, limit_s: bench.time_to_blame(observer, part, limit_s), Source.BENCH
    )
