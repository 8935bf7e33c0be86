"""Checks and findings: what is observed decides, what is missing is told whose it is, all of it is recorded."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from hil.errors import ExitCode, RigFault
from hil.evidence.documents import Kind, Verdict
from hil.evidence.limits import Limit, Measurement
from hil.evidence.observations import Counted, DeviceIdle, EvidenceMissing, Sampled, Source, Timed
from hil.scenario.check import Check, at_least, counted, number, sampled, timed, within_time
from hil.scenario.findings import LimitMissed, Undecided
from hil.scenario.observer import Observer
from hil.tests.scenario.timelines import Scene


def scene() -> Scene:
    return Scene(metered=False)


def raises(error: Exception) -> Callable[[Observer, float], Timed]:
    def observe(observer: Observer, limit_s: float) -> Timed:
        raise error

    return observe


def test_each_kind_of_check_declares_its_kind_its_limit_and_its_sources() -> None:
    def none(observer: Observer, *_: float) -> Counted:
        return Counted(3)

    checks = [
        counted("a", Limit("count", high=2), none, Source.LINE),
        number("b", 3, none, Source.LINE, Source.LEDGER, unit="sat"),
        at_least("c", 4, none, Source.BENCH),
    ]
    assert [each.measurement.kind for each in checks] == [Counted] * 3
    assert [str(each.measurement.limit) for each in checks] == ["≤ 2", "= 3 sat", "≥ 4"]
    assert [each.measurement.name for each in checks] == ["a", "b", "c"]
    assert [each.measurement.sources for each in checks] == [
        (Source.LINE,),
        (Source.LINE, Source.LEDGER),
        (Source.BENCH,),
    ]
    assert number("d", 3, none).measurement.limit == Limit("count", 3, 3)
    assert [each.take(scene().observer).verdict for each in checks] == [Verdict.FAIL, Verdict.PASS, Verdict.FAIL]


def test_a_check_that_fails_tells_what_explains_it_and_one_that_passes_does_not() -> None:
    def seen(observer: Observer) -> Counted:
        return Counted(3)

    def missing(observer: Observer) -> Counted:
        raise DeviceIdle("it said nothing")

    def told(check: Check) -> str:
        return check.explained(lambda observer: "the newest RECEIPT").take(scene().observer).detail

    assert told(number("a", 2, seen)) == "the newest RECEIPT"
    assert told(number("b", 3, seen)) == ""
    assert told(number("c", 3, missing)) == "it said nothing"


def test_a_timed_check_tells_its_observer_how_long_to_watch() -> None:
    told: list[float] = []

    def observe(observer: Observer, limit_s: float) -> Timed:
        told.append(limit_s)
        return Timed(1.0, 1.0)

    for check in (within_time("a", 2.5, observe), timed("b", Limit("s", low=9.0), observe)):
        assert check.measurement.kind is Timed
        check.take(scene().observer)
    assert told == [2.5, 0.0]
    assert within_time("a", 2, observe, Source.LINE).measurement == Measurement(
        "a", Limit("s", high=2.0), Timed, (Source.LINE,)
    )
    assert timed("b", Limit("s", low=9.0), observe, Source.LINE, Source.LEDGER).measurement == Measurement(
        "b", Limit("s", low=9.0), Timed, (Source.LINE, Source.LEDGER)
    )


def test_every_check_observes_the_scenario_that_it_is_taken_of() -> None:
    where, seen = scene(), list[Observer]()

    def see(observer: Observer) -> Counted:
        seen.append(observer)
        return Counted(1)

    def watch(observer: Observer, limit_s: float) -> Timed:
        seen.append(observer)
        return Timed(0.0, 0.0)

    def sample(observer: Observer) -> Sampled:
        seen.append(observer)
        return Sampled(0.0, 0.0)

    for check in (number("a", 1, see), within_time("b", 1.0, watch), sampled("c", Limit("W", high=1.0), sample)):
        where.scenario.take(check)
    assert seen == [where.observer] * 3


def test_a_sampled_check_decides_with_its_guard_band() -> None:
    limit = Limit("W", high=10.0)
    check = sampled("p", limit, lambda _: Sampled(9.0, 11.0), Source.LAB_METER)
    assert check.measurement == Measurement("p", limit, Sampled, (Source.LAB_METER,))
    assert check.take(scene().observer).verdict is Verdict.INCONCLUSIVE


def test_an_idle_device_fails_and_missing_evidence_is_inconclusive() -> None:
    for error, verdict in ((DeviceIdle("it slept"), Verdict.FAIL), (EvidenceMissing("dark"), Verdict.INCONCLUSIVE)):
        finding = within_time("t", 1.0, raises(error), Source.LINE).take(scene().observer)
        assert (finding.verdict, finding.taken, finding.detail) == (verdict, False, error.what)


def test_a_rig_fault_is_no_finding() -> None:
    with pytest.raises(RigFault):
        within_time("t", 1.0, raises(RigFault("broken")), Source.LINE).take(scene().observer)


# --- findings -------------------------------------------------------------------------------------------------------


def found(low: float, high: float, limit: float = 1.0) -> Check:
    return within_time("t", limit, lambda *_: Timed(low, high), Source.LINE)


def verdicts(where: Scene) -> list[object]:
    return [event.data["verdict"] for event in where.recorder.events if event.kind is Kind.VERDICT]


def test_a_pass_is_recorded_and_raises_nothing() -> None:
    where = scene()
    where.scenario.findings.declare([check := found(0.5, 0.6)])
    where.scenario.take(check)
    assert verdicts(where) == ["pass"]
    assert where.recorder.events[-1].source == "bench"
    assert where.scenario.findings.close() == []


def test_a_miss_is_recorded_before_it_is_raised_and_is_the_devices() -> None:
    where = scene()
    with pytest.raises(LimitMissed, match="measured 2 s") as caught:
        where.scenario.take(found(2.0, 2.0))
    assert caught.value.exit_code is ExitCode.DEVICE_FAILURE
    assert verdicts(where) == ["fail"]
    assert [each.verdict for each in where.scenario.findings.taken] == [Verdict.FAIL]


def test_an_open_interval_beyond_its_limit_is_recorded_as_it_is() -> None:
    where = scene()
    with pytest.raises(LimitMissed, match="not within 2 s"):
        where.scenario.take(found(2.0, math.inf))
    data = where.recorder.events[-1].data
    assert (data["low"], data["high"], data["censored"]) == (2.0, None, True)


def test_what_the_readings_do_not_decide_wants_a_better_meter_and_what_is_missing_does_not() -> None:
    where = scene()
    with pytest.raises(Undecided) as caught:
        where.scenario.take(found(0.5, 2.0))
    assert caught.value.exit_code is ExitCode.INCONCLUSIVE
    assert caught.value.remedy == "A meter that updates faster or is more accurate could decide it."
    with pytest.raises(Undecided, match="dark") as missing:
        where.scenario.take(within_time("t", 1.0, raises(EvidenceMissing("dark")), Source.LINE))
    assert missing.value.remedy is None
    assert verdicts(where) == ["inconclusive", "inconclusive"]


def test_what_was_declared_and_not_taken_stands_in_the_evidence_as_not_taken() -> None:
    where = scene()
    first, second, third = (found(0.0, 0.1) for _ in range(3))
    where.scenario.findings.declare([first, second])
    where.scenario.findings.declare([third])
    where.scenario.take(second)
    missing = where.scenario.findings.close()
    assert [each.measurement for each in missing] == [first.measurement, third.measurement]
    assert {(each.verdict, each.detail) for each in missing} == {(Verdict.NOT_RUN, "not taken")}
    assert verdicts(where) == ["pass", "not run", "not run"]
    assert where.scenario.findings.close() == []


def test_what_could_not_be_taken_for_the_benchs_fault_stays_open() -> None:
    where = scene()
    check = within_time("t", 1.0, raises(RigFault("broken")), Source.LINE)
    where.scenario.findings.declare([check])
    with pytest.raises(RigFault):
        where.scenario.take(check)
    assert verdicts(where) == []
    assert len(where.scenario.findings.close()) == 1
