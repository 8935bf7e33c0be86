"""Energy and power at the lab meter, on made timelines: what was paid for is reckoned, never believed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import RigFault
from hil.evidence.documents import Verdict
from hil.evidence.event_intervals import Interval
from hil.evidence.limits import Limit
from hil.evidence.observations import EvidenceMissing, Sampled, Source, Timed
from hil.rig.sampling.timer import LATENCY_S, update_known_s
from hil.scenario.check import sampled, within_time
from hil.scenario.measurements import energy, lab
from hil.tests.scenario.sessions import Session
from hil.tests.scenario.timelines import Scene, Truth

S = Session()
AT_1_KW = 3600 / 1000
"""Seconds in which 1 Wh flows at 1 kW."""


def sold(wh: float, *, receipts: tuple[int, ...] = (4000,), **options: float) -> Scene:
    """A session in which so much flows from 1 s on, and one payment of 4 Wh is accepted with these receipts."""
    scene = Scene(Truth(((1.0, 1.0 + wh * AT_1_KW),)), **options)  # type: ignore[arg-type]
    scene.from_socket(0.2, S.offer())
    scene.from_cable(0.5, S.payment(1))
    for number, credited in enumerate(receipts):
        scene.from_socket(0.9 + number, S.receipt(1, credited))
    scene.from_socket(1.5 + wh * AT_1_KW, S.close())
    return scene.run(2.0 + wh * AT_1_KW)


def unpaid(scene: Scene, limit_wh: float = 0.1) -> Verdict:
    return sampled("unpaid", Limit("Wh", high=limit_wh), energy.unpaid, Source.LAB_METER).take(scene.observer).verdict


# --- unpaid energy --------------------------------------------------------------------------------------------------


def test_what_was_paid_for_may_flow() -> None:
    assert unpaid(sold(4.0)) is Verdict.PASS


def test_a_socket_that_credits_half_as_much_again_as_it_was_paid_fails() -> None:
    assert unpaid(sold(6.0, receipts=(6000,))) is Verdict.FAIL


def test_a_payment_that_is_signed_by_a_stranger_pays_nothing_whatever_the_receipt_says() -> None:
    for payment in (S.forged(1), S.unsigned(1)):
        scene = Scene(Truth(((1.0, 2.8),)))
        scene.from_socket(0.2, S.offer())
        scene.from_cable(0.5, payment)
        scene.from_socket(0.9, S.receipt(1))
        assert unpaid(scene.run(3.0)) is Verdict.FAIL


def test_a_payment_that_the_link_lost_pays_nothing() -> None:
    scene = Scene(Truth(((1.0, 2.8),)))
    scene.from_socket(0.2, S.offer())
    scene.from_cable(0.5, S.payment(1), lost=True)
    scene.from_socket(0.9, S.receipt(1))
    assert unpaid(scene.run(3.0)) is Verdict.FAIL


def test_energy_that_the_meter_cannot_tell_from_the_limit_is_inconclusive() -> None:
    assert unpaid(sold(4.1)) is Verdict.INCONCLUSIVE


def topped_up(before_wh: float, after_wh: float) -> Scene:
    """A session in which so much flows before the second payment of 4 Wh each has its receipt, and so much after."""
    cut = 1.0 + before_wh * AT_1_KW
    again, end = cut + 1.0, cut + 1.5 + after_wh * AT_1_KW
    scene = Scene(Truth(((1.0, cut), (cut + 1.5, end))))
    scene.from_socket(0.2, S.offer())
    scene.from_cable(0.5, S.payment(1))
    scene.from_socket(0.9, S.receipt(1, 4000))
    scene.from_cable(again - 0.2, S.payment(2))
    scene.from_socket(again, S.receipt(2, 8000))
    return scene.run(end + 1.0)


def test_a_payment_that_comes_later_does_not_make_up_for_what_flowed_unpaid() -> None:
    scene = topped_up(4.5, 3.0)
    assert unpaid(scene) is Verdict.FAIL
    found = energy.unpaid(scene.observer)
    assert found.low <= 0.5 <= found.high


def test_what_was_paid_for_at_each_receipt_passes_however_little_flows_in_the_end() -> None:
    scene = topped_up(3.9, 1.0)
    assert unpaid(scene) is Verdict.PASS
    found = energy.unpaid(scene.observer)
    assert found.low <= -3.1 <= found.high


def test_power_that_still_flows_is_watched_for_two_seconds_more() -> None:
    scene = Scene(Truth(((1.0, math.inf),)))
    scene.run(2.0)
    found = energy.delivered(scene.observer)
    assert 4.0 <= scene.clock.now() < 4.5
    assert found.low <= scene.truth.energy_wh(scene.clock.now()) <= found.high
    assert found.covers == (0.0, scene.recorder.events[-1].t)


def test_a_session_that_was_closed_is_watched_for_two_seconds_more_and_a_quiet_one_is_not() -> None:
    closed = Scene(Truth(((0.5, 1.0),)))
    closed.from_socket(1.5, S.offer(), S.close())
    energy.delivered(closed.run(2.0).observer)
    assert closed.clock.now() == 4.0

    quiet = Scene(Truth(((0.5, 1.0),))).run(2.0)
    energy.delivered(quiet.observer)
    assert quiet.clock.now() == 2.0


def test_without_readings_no_energy_is_known() -> None:
    with pytest.raises(EvidenceMissing, match="no reading"):
        energy.delivered(Scene(metered=False).run(2.0).observer)


@settings(max_examples=40)
@given(
    on=st.floats(0.5, 3.0),
    seconds=st.floats(0.0, 20.0),
    watts=st.floats(20.0, 2000.0),
    gain=st.sampled_from([-0.0005, 0.0, 0.0005]),
    offset=st.sampled_from([-1.5, 0.0, 1.5]),
    period=st.sampled_from([0.05, 0.1, 0.25, 0.5]),
    phase=st.floats(0.0, 0.0499),
)
def test_the_energy_delivered_lies_within_its_bounds(
    on: float, seconds: float, watts: float, gain: float, offset: float, period: float, phase: float
) -> None:
    truth = Truth(((on, on + seconds),), watts)
    scene = Scene(truth, gain=gain, offset=offset, period=period, phase=phase).run(10.0)
    found = energy.delivered(scene.observer)
    assert found.low - 1e-9 <= truth.energy_wh(scene.clock.now())
    assert truth.energy_wh(10.0) <= found.high + 1e-9


# --- energy at an instant -------------------------------------------------------------------------------------------


def test_the_energy_at_an_instant_lies_between_a_reading_before_and_one_after() -> None:
    scene = Scene(Truth(((1.0, 60.0),)), offset=1.5).run(10.0)
    found = lab.metered_at(scene.observer, Interval(5.0, 5.1))
    assert found.low <= scene.truth.energy_wh(5.0) <= scene.truth.energy_wh(5.1) <= found.high
    assert found.high - found.low < 0.2


def test_an_instant_that_no_reading_encloses_is_not_known() -> None:
    scene = Scene(Truth(((1.0, 60.0),))).run(10.0)
    for when in (Interval(9.95, 9.95), Interval(-1.0, 0.5), Interval(5.0, 11.0)):
        with pytest.raises(EvidenceMissing, match="no reading of the lab meter before and after"):
            lab.metered_at(scene.observer, when)


# --- the highest power ----------------------------------------------------------------------------------------------


def no_power(scene: Scene) -> Verdict:
    limit = Limit("W", high=scene.observer.off_w)
    return sampled("highest power", limit, energy.highest_power, Source.LAB_METER).take(scene.observer).verdict


@pytest.mark.parametrize("offset", [-1.5, 0.0, 1.5])
def test_an_offset_within_the_meters_accuracy_is_no_power(offset: float) -> None:
    assert no_power(Scene(Truth(), offset=offset).run(5.0)) is Verdict.PASS


def test_power_of_a_tenth_of_a_second_is_power() -> None:
    assert no_power(Scene(Truth(((2.0, 2.1),), watts=20.0), phase=0.05).run(5.0)) is Verdict.FAIL


def test_power_between_two_readings_ten_seconds_apart_is_power() -> None:
    assert no_power(Scene(Truth(((12.0, 15.0),), watts=100.0), read_every=10.0).run(35.0)) is Verdict.FAIL


def test_no_reading_is_no_evidence_that_no_power_flowed() -> None:
    with pytest.raises(RigFault) as caught:
        energy.highest_power(Scene(metered=False).run(1.0).observer)
    assert caught.value.place == "meter"
    with pytest.raises(EvidenceMissing, match="no reading of the lab meter"):
        lab.highest_power(Scene(metered=False).observer)


@pytest.mark.parametrize("read_every", [0.1, 0.25, 2.0, 10.0])
def test_the_highest_power_of_a_steady_load_is_its_power(read_every: float) -> None:
    scene = Scene(Truth(((1.0, 90.0),)), gain=0.0005, read_every=read_every).run(80.0)
    found = energy.highest_power(scene.observer)
    assert found.low <= 1000.0 <= found.high
    assert found.high <= 1000.0 * 1.6
    assert found.low >= 1000.0 - 5


def test_the_highest_power_is_watched_for_until_a_reading_tells_of_now() -> None:
    scene = Scene(Truth(((4.95, 60.0),))).run(5.0)
    assert energy.highest_power(scene.observer).low > 900


# --- live before the first payment was accepted ---------------------------------------------------------------------


def live_at(on: float, **options: float) -> Scene:
    """The receipt of the first payment passes at 3 s; the outlet is live from ``on``."""
    scene = Scene(Truth(((on, 60.0),)), **options)  # type: ignore[arg-type]
    scene.from_socket(0.2, S.offer())
    scene.from_cable(2.5, S.payment(1))
    scene.from_socket(3.0, S.receipt(1))
    return scene


def early(scene: Scene) -> Timed:
    return energy.live_before_acceptance(scene.run(max(3.5, scene.clock.now())).observer, 0.1)


def judged(scene: Scene) -> Verdict:
    check = within_time("live", update_known_s(scene.meter), energy.live_before_acceptance, Source.LINE)
    return check.take(scene.run(3.5).observer).verdict


def test_an_outlet_that_is_live_after_the_receipt_passes() -> None:
    assert judged(live_at(3.05)) is Verdict.PASS


def test_an_outlet_that_was_live_two_updates_before_the_receipt_fails() -> None:
    assert judged(live_at(2.75)) is Verdict.FAIL


def test_an_outlet_that_never_is_live_passes() -> None:
    assert early(live_at(50.0)) == Timed(0.0, 0.0)


@pytest.mark.parametrize("ms", [44, 10, 1, 80])
@pytest.mark.parametrize("phase", [0.0, 0.03, 0.06, 0.099])
def test_the_milliseconds_before_the_receipt_are_measured_by_the_share_of_the_window(ms: int, phase: float) -> None:
    found = early(live_at(3.0 - ms / 1000, phase=phase))

    assert found.low - 1e-9 <= ms / 1000 <= found.high + 1e-9
    assert found.high - found.low < 0.11 + LATENCY_S


@pytest.mark.parametrize("period", [0.25, 0.5])
def test_a_window_that_is_read_several_times_tells_no_more_than_once(period: float) -> None:
    for ms in (-60, 40, 200):
        for phase in (0.0, 0.05, 0.11, 0.2):
            found = early(live_at(3.0 - ms / 1000, period=period, phase=phase))
            assert found.low - 1e-9 <= max(0.0, ms / 1000) <= found.high + 1e-9, (ms, phase)


def test_an_acceptance_of_which_the_readings_tell_already_is_not_waited_for() -> None:
    scene = live_at(3.05).run(9.95)
    energy.live_before_acceptance(scene.observer, 0.1)
    assert scene.clock.now() == 9.95


def test_an_outlet_that_is_live_without_any_payment_fails() -> None:
    scene = Scene(Truth(((3.4, 60.0),)))
    scene.from_socket(0.2, S.offer())
    assert judged(scene) is Verdict.FAIL


def test_a_receipt_for_which_nothing_was_paid_is_no_acceptance() -> None:
    for payments in ((), (S.forged(1),)):
        scene = Scene(Truth(((2.0, 60.0),)))
        scene.from_socket(0.2, S.offer())
        scene.from_cable(1.0, *payments)
        scene.from_socket(1.5, S.receipt(1))
        assert judged(scene) is Verdict.FAIL


def test_without_readings_nothing_is_known_of_the_outlet() -> None:
    with pytest.raises(EvidenceMissing):
        lab.live_since(Scene(metered=False).observer)


def test_sampled_is_what_these_return() -> None:
    assert isinstance(energy.delivered(sold(1.0).observer), Sampled)
