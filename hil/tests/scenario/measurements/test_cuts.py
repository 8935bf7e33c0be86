"""How soon power came or went, on made timelines: what is watched to its end decides, whatever the phase."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from hil.evidence.documents import Kind, Verdict
from hil.evidence.event_intervals import Interval, instant
from hil.evidence.observations import DeviceIdle, EvidenceMissing, Source, Timed
from hil.protocol.codes import ErrorCode
from hil.scenario.check import within_time
from hil.scenario.measurements import cuts
from hil.scenario.observer import Observer
from hil.scenario.stimuli.mains_plug_and_load import MAINS, PLUG
from hil.tests.scenario.sessions import Session
from hil.tests.scenario.timelines import CABLE_UNDER_TEST, PAIR, Scene, Truth
from hil.units import Watt

S = Session()
LIMIT_S = 0.5


def refused(truth: Truth, **options: float) -> Scene:
    """A second payment that must be refused, at 5 s."""
    scene = Scene(truth, **options)  # type: ignore[arg-type]
    scene.from_socket(0.2, S.offer())
    scene.from_cable(0.4, S.payment(1))
    scene.from_socket(0.9, S.receipt(1))
    scene.strike(5.0, S.forged(2))
    return scene


def verdict(found: Timed, limit: float = LIMIT_S) -> Verdict:
    return within_time("cut", limit, lambda *_: found, Source.LAB_METER).take(Scene().observer).verdict


def holds(found: Timed, seconds: float) -> bool:
    return found.low - 1e-9 <= seconds <= found.high + 1e-9


# --- power that goes --------------------------------------------------------------------------------------------------


def test_power_that_is_cut_in_time_passes() -> None:
    found = cuts.refusal_to_cut(refused(Truth(((1.0, 5.15),))).run(5.1).observer, LIMIT_S)

    assert holds(found, 0.15)
    assert found.high - found.low <= 0.4
    assert verdict(found) is Verdict.PASS


def test_power_that_is_never_cut_fails_and_is_watched_past_its_limit() -> None:
    scene = refused(Truth(((1.0, math.inf),))).run(5.0)

    found = cuts.refusal_to_cut(scene.observer, LIMIT_S)

    assert math.isinf(found.high)
    assert found.low >= LIMIT_S
    assert scene.clock.now() >= 5.0 + LIMIT_S + 2.0
    assert verdict(found) is Verdict.FAIL


def test_power_that_is_cut_too_late_fails_with_the_time_that_it_took() -> None:
    found = cuts.refusal_to_cut(refused(Truth(((1.0, 6.5),))).run(5.1).observer, LIMIT_S)

    assert 1.2 <= found.low <= 1.5 <= found.high <= 1.6
    assert verdict(found) is Verdict.FAIL


def test_a_cut_that_the_readings_cannot_place_before_or_after_its_limit_is_inconclusive() -> None:
    assert (
        verdict(cuts.refusal_to_cut(refused(Truth(((1.0, 5.5),))).run(5.1).observer, LIMIT_S)) is Verdict.INCONCLUSIVE
    )


def test_power_that_was_off_before_the_cause_took_no_time_to_be_cut() -> None:
    found = cuts.refusal_to_cut(refused(Truth(((1.0, 3.0),))).run(5.1).observer, LIMIT_S)

    assert found.low == 0
    assert found.high <= 0.1


def test_the_refusal_counts_from_the_last_byte_of_the_message() -> None:
    found = cuts.refusal_to_cut(refused(Truth(((1.0, 5.15),))).run(5.1).observer, LIMIT_S)
    event = next(each for each in refused(Truth()).run(6.0).recorder.frames if each.t >= 5.0).event

    seconds = cuts.transmission_s([event])
    assert seconds == len(str(event.data["bytes"])) / 2 * 10 / 115_200
    assert found.began == 5.0


def test_a_message_of_the_device_under_test_is_not_the_one_that_was_spoiled() -> None:
    scene = refused(Truth(((1.0, 5.3),)))
    scene.from_socket(5.0, S.meter(1))

    found = cuts.refusal_to_cut(scene.run(6.0).observer, LIMIT_S)

    assert holds(found, 0.3 - 0.015)


def test_without_power_the_device_that_was_paid_is_idle_and_the_bench_saw_nothing_else() -> None:
    idle = Scene(Truth())
    idle.from_cable(1.0, S.payment(1))
    idle.fault(2.0, "link", "dead")
    with pytest.raises(DeviceIdle, match="power never flowed"):
        cuts.until_cut(idle.run(3.0).observer, instant(idle.recorder.events[-1]), LIMIT_S)

    silent = refused(Truth()).run(5.1)
    silent.from_socket(5.2, S.close())
    with pytest.raises(EvidenceMissing, match="power never flowed"):
        cuts.refusal_to_cut(silent.observer, LIMIT_S)


def test_without_a_reading_a_cut_is_not_seen() -> None:
    scene = Scene(Truth(((1.0, 2.0),)), metered=False)
    scene.fault(1.5, "link", "dead")
    with pytest.raises(EvidenceMissing):
        cuts.until_cut(scene.run(3.0).observer, instant(scene.recorder.events[0]), LIMIT_S)


def test_a_counterpart_that_did_not_get_to_cheat_is_evidence_that_is_missing() -> None:
    scene = Scene()
    scene.from_cable(0.1, S.hello())
    scene.from_socket(0.2, S.offer())
    with pytest.raises(EvidenceMissing, match="did not get to cheat"):
        cuts.refusal_to_cut(scene.run(5.0).observer, LIMIT_S)


def test_a_strike_without_its_message_is_evidence_that_is_missing() -> None:
    scene = Scene()
    scene.write(1.0, Kind.FAULT, "counterpart", {"what": "cheats", "who": "cable"})
    with pytest.raises(EvidenceMissing, match="did not pass on the line"):
        cuts.refusal_to_cut(scene.run(2.0).observer, LIMIT_S)


def test_the_first_strike_counts_not_the_later_ones() -> None:
    scene = refused(Truth(((1.0, 5.2),)))
    scene.strike(5.6, S.forged(2))

    assert holds(cuts.refusal_to_cut(scene.run(6.0).observer, LIMIT_S), 0.2 - 0.015)


def test_a_spoiled_message_that_the_link_lost_is_refused_when_it_is_sent_again() -> None:
    scene = Scene(Truth(((1.0, 5.2),)))
    scene.write(4.0, Kind.FAULT, "counterpart", {"what": "cheats", "who": "cable"})
    scene.from_cable(4.0, S.forged(2), lost=True)
    scene.from_cable(5.0, S.forged(2))

    assert holds(cuts.refusal_to_cut(scene.run(6.0).observer, LIMIT_S), 0.2 - 0.015)


def asked_too_much(truth: Truth) -> Scene:
    """A request at 5 s that the cable must refuse."""
    scene = Scene(truth, setup=CABLE_UNDER_TEST)
    scene.from_cable(0.1, S.hello(), S.funding())
    scene.from_socket(0.2, S.offer(), S.request(1))
    scene.from_cable(0.4, S.payment(1))
    scene.from_socket(0.9, S.receipt(1))
    scene.strike(5.0, S.request(2), "to cable")
    return scene


def test_power_that_is_cut_when_the_cable_refused_a_request_passes_and_power_that_is_cut_late_fails() -> None:
    for cut, expected in ((5.15, Verdict.PASS), (7.0, Verdict.FAIL)):
        scene = asked_too_much(Truth(((1.0, cut),)))
        scene.from_cable(5.05, S.error(ErrorCode.OVERPAID), S.close())

        assert verdict(cuts.request_refusal_to_cut(scene.run(5.1).observer, LIMIT_S)) is expected


def test_a_cable_that_signs_what_it_must_refuse_fails_however_soon_the_played_socket_cuts_the_power() -> None:
    scene = asked_too_much(Truth(((1.0, 5.15),)))
    scene.from_cable(4.0, S.error(ErrorCode.OVERPAID))
    scene.from_cable(5.05, S.payment(2))

    with pytest.raises(DeviceIdle, match="did not refuse the request"):
        cuts.request_refusal_to_cut(scene.run(5.1).observer, LIMIT_S)


def test_a_line_that_is_drawn_over_two_devices_spoils_either() -> None:
    scene = Scene(Truth(((1.0, 2.1),)), setup=PAIR)
    scene.strike(2.0, S.request(2), "to cable")
    assert holds(cuts.refusal_to_cut(scene.run(3.0).observer, LIMIT_S), 0.09)


# --- the outlet that goes dead ----------------------------------------------------------------------------------------


def unplugged(dead_at: float, *, opened: float = 5.0, took: float = 0.0) -> Scene:
    scene = Scene(Truth(((1.0, dead_at),), watts=0.0))
    scene.relay(opened + took, "K2", closed=False, before=took)
    scene.fault(opened + took, PLUG, "cable pulled out of the socket")
    return scene


def test_the_outlet_goes_dead_without_any_load() -> None:
    found = cuts.unplugged_to_dead(unplugged(5.12).run(5.1).observer, 0.2)

    assert holds(found, 0.12)
    assert found.high <= 0.3


def test_an_outlet_that_stays_live_fails_although_it_was_plugged_in_again_later() -> None:
    scene = unplugged(math.inf)
    scene.fault(9.0, PLUG, "cable plugged in again")
    assert verdict(cuts.unplugged_to_dead(scene.run(10.0).observer, 0.2), 0.2) is Verdict.FAIL


def test_an_outlet_that_is_live_again_after_it_was_plugged_in_went_dead_in_time() -> None:
    scene = Scene(Truth(((1.0, 5.1), (9.5, 20.0))))
    scene.fault(5.0, PLUG, "cable pulled out of the socket")
    scene.fault(9.0, PLUG, "cable plugged in again")
    assert holds(cuts.unplugged_to_dead(scene.run(10.0).observer, 0.4), 0.1)


def test_a_plug_that_was_pulled_again_counts_from_then_on() -> None:
    scene = unplugged(12.1)
    scene.fault(9.0, PLUG, "cable plugged in again")
    scene.fault(12.0, PLUG, "cable pulled out of the socket")
    found = cuts.unplugged_to_dead(scene.run(12.1).observer, 0.4)
    assert holds(found, 0.1)
    assert found.began == 12.0


def test_a_plug_that_was_not_pulled_is_evidence_that_is_missing() -> None:
    with pytest.raises(EvidenceMissing, match="nothing happened to the plug"):
        cuts.unplugged_to_dead(Scene().run(1.0).observer, 0.2)


# --- power that comes -------------------------------------------------------------------------------------------------


def paid(truth: Truth, at: float = 2.0, **options: float) -> Scene:
    scene = Scene(truth, **options)  # type: ignore[arg-type]
    scene.from_cable(at, S.payment(1))
    return scene


def test_power_that_comes_after_the_first_payment_is_timed_between_two_readings() -> None:
    found = cuts.payment_to_power(paid(Truth(((2.73, 60.0),))).run(2.1).observer, 3.0)

    assert holds(found, 0.73)
    assert found.high - found.low <= 0.4
    assert found.began == 2.0


def test_power_that_does_not_come_fails_when_its_time_is_over() -> None:
    found = cuts.payment_to_power(paid(Truth()).run(2.0).observer, 3.0)

    assert found.low >= 3.0
    assert verdict(found, 3.0) is Verdict.FAIL


def test_power_is_watched_for_although_no_reading_is_newer_than_its_cause() -> None:
    scene = paid(Truth(((4.0, 60.0),)), at=2.05).run(2.05)
    assert holds(cuts.payment_to_power(scene.observer, 3.0), 1.95)


def test_a_payment_that_the_link_lost_is_not_the_one_that_power_must_follow() -> None:
    scene = Scene(Truth(((5.5, 60.0),)))
    scene.from_cable(2.0, S.payment(1), lost=True)
    scene.from_cable(5.0, S.payment(1))
    assert holds(cuts.payment_to_power(scene.run(6.0).observer, 3.0), 0.5)


def test_without_a_payment_a_cable_that_was_asked_for_it_is_idle() -> None:
    scene = Scene(setup=CABLE_UNDER_TEST)
    scene.from_cable(0.1, S.hello())
    scene.from_socket(1.0, S.request(1))
    with pytest.raises(DeviceIdle, match="no payment passed"):
        cuts.payment_to_power(scene.run(3.0).observer, 3.0)


def test_a_meter_without_readings_has_not_seen_that_power_did_not_come() -> None:
    scene = Scene(metered=False)
    scene.from_cable(2.0, S.payment(1))
    with pytest.raises(EvidenceMissing, match="no reading of power"):
        cuts.payment_to_power(scene.run(2.0).observer, 3.0)


@pytest.mark.parametrize(("off", "cause_s"), [(9.27, 2.1), (9.27, 3.9), (12.0, 2.1)])
def test_power_lasts_from_its_first_reading_after_the_cause_to_the_first_without(off: float, cause_s: float) -> None:
    scene = Scene(Truth(((1.0, 1.5), (4.13, off)))).run(15.0)

    found = cuts.power_lasted(scene.observer, Interval(cause_s, cause_s))

    assert holds(found, off - 4.13)
    assert found.high - found.low <= 0.8


def test_power_that_never_ended_lasted_for_longer_than_was_watched_and_none_is_evidence_that_is_missing() -> None:
    scene = Scene(Truth(((4.0, math.inf),))).run(15.0)

    found = cuts.power_lasted(scene.observer, Interval(2.0, 2.0))

    assert found.low >= 10.0
    assert math.isinf(found.high)
    with pytest.raises(EvidenceMissing, match="no power flowed"):
        cuts.power_lasted(Scene(Truth()).run(5.0).observer, Interval(2.0, 2.0))


def test_power_of_before_an_interruption_is_none_that_came_back() -> None:
    scene = Scene(Truth(((1.0, 10.0), (15.0, 60.0))))
    scene.fault(10.0, MAINS, "mains ahead of the contact interrupted for 50 ms")
    scene.fault(10.05, MAINS, "mains restored")
    found = cuts.restored_to_power(scene.run(10.05).observer, 6.0)
    assert holds(found, 4.95)
    assert verdict(found, 3.0) is Verdict.FAIL


def test_power_that_goes_on_right_after_an_interruption_of_a_moment_came_at_once() -> None:
    scene = Scene(Truth(((1.0, 10.0), (10.05, 60.0))))
    scene.fault(10.05, MAINS, "mains restored")
    found = cuts.restored_to_power(scene.run(10.05).observer, 3.0)
    assert found.low == 0
    assert found.high <= 0.5


def test_restored_mains_count_from_the_newest_return() -> None:
    scene = Scene(Truth(((1.0, 3.0), (5.0, 7.0), (9.3, 60.0))))
    scene.fault(4.0, MAINS, "mains restored")
    scene.fault(9.0, MAINS, "mains restored")
    assert holds(cuts.restored_to_power(scene.run(9.1).observer, 3.0), 0.3)
    with pytest.raises(EvidenceMissing, match="nothing happened to the mains"):
        cuts.restored_to_power(Scene().run(1.0).observer, 3.0)


def test_a_supply_that_came_back_counts_from_its_last_closing() -> None:
    scene = Scene(Truth(((1.0, 5.0), (9.4, 60.0))))
    for t, closed in ((0.0, True), (5.0, False), (8.0, True)):
        scene.relay(t, "K3", closed=closed)
    assert holds(cuts.supply_to_power(scene.run(8.0).observer, 3.0), 1.4)


def test_a_supply_that_was_closed_once_was_not_interrupted() -> None:
    scene = Scene(Truth(((1.0, 5.0),)))
    scene.relay(0.0, "K3", closed=True)
    scene.relay(0.1, "K1", closed=True)
    scene.relay(0.2, "K3", closed=False)
    with pytest.raises(EvidenceMissing, match="not interrupted"):
        cuts.supply_to_power(scene.run(8.0).observer, 3.0)


def test_waiting_for_power_does_not_take_a_reading_of_before() -> None:
    scene = Scene(Truth(((1.0, 2.0), (5.0, 60.0))))
    scene.run(2.1)
    cuts.await_power(scene.observer)
    assert 5.0 < scene.clock.now() < 5.5


@pytest.mark.parametrize(
    "measure", [cuts.refusal_to_cut, cuts.payment_to_power, lambda observer, limit: lasted(observer)]
)
def test_a_load_that_the_meter_cannot_tell_from_none_is_held_against_no_device(
    measure: Callable[[Observer, float], Timed],
) -> None:
    scene = refused(Truth(())).run(5.0)
    scene.observer.plan.load_power_w = Watt(2.0)
    with pytest.raises(EvidenceMissing, match=r"^the load draws 2 W, and the lab meter may show up to .* W without"):
        measure(scene.observer, LIMIT_S)


def lasted(observer: Observer) -> Timed:
    return cuts.power_lasted(observer, Interval(1.0, 1.0))


@pytest.mark.parametrize("told", [None, Watt(1300.0)])
def test_power_that_never_flows_though_the_meter_would_show_it_is_held_against_the_device(told: Watt | None) -> None:
    scene = refused(Truth(())).run(5.0)
    scene.observer.plan.load_power_w = told
    assert math.isinf(cuts.payment_to_power(scene.observer, LIMIT_S).high)
    with pytest.raises(DeviceIdle, match="power never flowed"):
        cuts.refusal_to_cut(scene.observer, LIMIT_S)
