"""How soon power came or went, by readings that are written down one by one: bounds, instants, and words."""

from __future__ import annotations

import math

import pytest

from hil.errors import DeadlineExceeded
from hil.evidence.documents import Kind
from hil.evidence.event_intervals import Interval
from hil.evidence.observations import DeviceIdle, EvidenceMissing, Timed
from hil.links.faults import Direction
from hil.protocol.codes import ErrorCode
from hil.protocol.wire.messages import Message
from hil.scenario.measurements import cuts
from hil.scenario.stimuli.mains_plug_and_load import MAINS, PLUG
from hil.tests.scenario.sessions import Session
from hil.tests.scenario.timelines import CABLE_UNDER_TEST, PAIR, SOCKET_UNDER_TEST, Scene, Truth

S = Session()
BEFORE_S = 0.01
"""For so long before its instant each of these readings tells of the circuit."""


def read(scene: Scene, *readings: tuple[float, float], before: float = BEFORE_S) -> Scene:
    """Let the lab meter show so many watts at these instants, at the voltage of the mains if any, and nothing else."""
    for second, watts in readings:
        data = {"voltage_V": 230.0 if watts else 0.0, "current_A": 1.0, "power_W": watts, "energy_Wh": 0.0}
        scene.write(second, Kind.READING, "meter", data, before=before)
    return scene


def unread(setup: str = SOCKET_UNDER_TEST, bound: float = 0.0) -> Scene:
    return Scene(metered=False, setup=setup, bound=bound)


def bounds(found: Timed) -> tuple[float, float, float | None]:
    return round(found.low, 6), round(found.high, 6), found.began


def line_s(message: Message) -> float:
    """Return for how many seconds a message is on the line."""
    scene = unread()
    scene.from_cable(1.0, message)
    return cuts.transmission_s([scene.run(2.0).recorder.frames[0].event])


# --- waiting for power ----------------------------------------------------------------------------------------------


def test_power_has_come_when_a_reading_with_the_least_power_tells_of_nothing_but_the_time_since() -> None:
    scene = unread()
    off_w = scene.observer.off_w
    for second, watts, before in ((4.5, 1000.0, 0.51), (5.0, off_w - 0.01, 0.0), (6.0, off_w, 2.0), (7.0, 1000.0, 0.0)):
        read(scene, (second, watts), before=before)
    cuts.await_power(scene.run(4.0).observer)
    assert scene.clock.now() == 6.0


def test_power_that_does_not_come_back_within_two_minutes_is_told_with_what_was_awaited() -> None:
    scene = Scene(Truth())
    with pytest.raises(DeadlineExceeded, match=r"^waited 120 s for power to flow in vain"):
        cuts.await_power(scene.observer)
    assert scene.clock.now() == pytest.approx(120.0)


def test_while_power_is_awaited_each_reading_is_looked_at_when_it_is_taken() -> None:
    scene = Scene(Truth(((5.0, 60.0),)))
    scene.sampled_closely = False
    seen: list[bool] = []
    scene.at(3.0, lambda: seen.append(scene.sampled_closely))
    cuts.await_power(scene.observer)
    assert seen == [True]


# --- power that comes -----------------------------------------------------------------------------------------------


def test_power_is_timed_from_the_first_payment_that_the_link_let_through() -> None:
    scene = unread()
    scene.from_cable(1.0, S.payment(1), lost=True)
    scene.from_cable(2.0, S.payment(1))
    scene.from_cable(2.2, S.payment(2))
    read(scene, (2.1, 0.0), (2.5, 1000.0))
    assert bounds(cuts.payment_to_power(scene.run(3.0).observer, 3.0)) == (0.09, 0.5, 2.0)
    assert scene.clock.now() == 3.0


def test_no_payment_is_told_in_these_words() -> None:
    with pytest.raises(EvidenceMissing, match=r"^no payment passed on the line$"):
        cuts.payment_to_power(unread().observer, 3.0)


def test_power_that_does_not_come_is_watched_for_two_seconds_beyond_its_limit() -> None:
    scene = read(unread(), *((second / 2, 0.0) for second in range(30)))
    scene.from_cable(2.0, S.payment(1))
    found = cuts.payment_to_power(scene.run(2.0).observer, 3.0)
    assert scene.clock.now() == 7.0
    assert (round(found.low, 6), found.high, found.began) == (4.99, math.inf, 2.0)


def test_power_counts_from_the_earliest_instant_at_which_its_cause_can_have_been() -> None:
    scene = unread(bound=0.1)
    scene.from_cable(2.0, S.payment(1))
    read(scene, (1.0, 0.0), (1.95, 1000.0), (3.0, 1000.0), before=0.0)
    assert bounds(cuts.payment_to_power(scene.run(4.0).observer, 3.0)) == (0.0, 0.15, 1.9)


def supplied(setup: str, *closings: tuple[float, str]) -> Scene:
    """The supplies are closed at these instants; power comes at the 30th second."""
    scene = unread(setup)
    for second, relay in closings:
        scene.relay(second, relay, closed=True)
    return read(scene, (25.0, 0.0), (30.0, 1000.0)).run(31.0)


def test_a_supply_that_came_back_twice_counts_from_the_second_time() -> None:
    twice = supplied(SOCKET_UNDER_TEST, (0.0, "K3"), (8.0, "K3"), (20.0, "K3"), (21.0, "K1"), (22.0, "K4"))
    assert bounds(cuts.supply_to_power(twice.observer, 30.0)) == (4.99, 10.0, 20.0)


def test_of_a_pair_each_supply_is_closed_once_without_an_interruption() -> None:
    with pytest.raises(EvidenceMissing, match=r"^the supply was not interrupted$"):
        cuts.supply_to_power(supplied(PAIR, (0.0, "K3"), (0.1, "K4")).observer, 30.0)
    again = supplied(PAIR, (0.0, "K3"), (0.1, "K4"), (9.0, "K4"))
    assert bounds(cuts.supply_to_power(again.observer, 30.0)) == (15.99, 21.0, 9.0)


def test_restored_mains_are_no_mains_that_are_interrupted_once_more() -> None:
    scene = unread()
    for second, what in ((4.0, "mains restored"), (9.0, "mains restored"), (12.0, "mains lost for 1 s")):
        scene.fault(second, MAINS, what)
    read(scene, (9.5, 0.0), (10.0, 1000.0))
    assert bounds(cuts.restored_to_power(scene.run(13.0).observer, 3.0)) == (0.49, 1.0, 9.0)


# --- power that goes ------------------------------------------------------------------------------------------------


def refused(*readings: tuple[float, float]) -> Scene:
    """A payment that must be refused passes at 5 s."""
    scene = read(unread(), *readings)
    scene.strike(5.0, S.forged(2))
    return scene


def test_a_cut_lies_between_the_readings_and_counts_from_the_last_byte_at_the_latest() -> None:
    found = cuts.refusal_to_cut(refused((4.0, 1000.0), (5.1, 1000.0), (5.2, 0.0)).run(5.0).observer, 0.5)
    assert (round(found.low, 9), found.began) == (round(0.09 - line_s(S.forged(2)), 9), 5.0)
    assert found.high == pytest.approx(0.2)


def test_a_message_takes_ten_bits_a_byte_on_the_line() -> None:
    scene = unread()
    scene.from_cable(1.0, S.payment(1), S.payment(2))
    frames = [each.event for each in scene.run(2.0).recorder.frames]
    count = sum(len(bytes.fromhex(str(each.data["bytes"]))) for each in frames)
    assert cuts.transmission_s(frames) == pytest.approx(count * 10 / 115_200)


def test_a_cut_is_watched_for_two_seconds_beyond_its_limit_after_the_last_byte() -> None:
    scene = refused(*((second / 10, 1000.0) for second in range(300)))
    cuts.refusal_to_cut(scene.run(5.0).observer, 0.5)
    assert scene.clock.now() == pytest.approx(5.0 + line_s(S.forged(2)) + 0.5 + 2.0)


def test_a_cut_whose_limit_is_long_over_is_watched_for_two_seconds_more() -> None:
    scene = refused(*((second / 10, 1000.0) for second in range(300)))
    cuts.refusal_to_cut(scene.run(20.0).observer, 0.5)
    assert scene.clock.now() == 22.0


def test_the_least_power_that_counts_is_power_that_flowed() -> None:
    scene = refused((4.0, unread().observer.off_w), (5.2, 0.0))
    assert cuts.refusal_to_cut(scene.run(5.0).observer, 0.5).high == pytest.approx(0.2)
    with pytest.raises(EvidenceMissing, match=r"^power never flowed$"):
        cuts.until_cut(read(unread(), (4.0, 0.0)).run(5.0).observer, Interval(3.0, 3.0), 0.5)


def test_what_befell_the_link_before_is_no_strike_of_the_counterpart() -> None:
    scene = unread()
    scene.fault(3.0, "link", "PAYMENT to the socket dropped")
    scene.from_cable(4.0, S.payment(1))
    scene.strike(5.0, S.forged(2))
    read(scene, (4.9, 1000.0), (5.2, 0.0))
    assert cuts.refusal_to_cut(scene.run(6.0).observer, 0.5).began == 5.0
    assert [each.t for each in cuts.strikes(scene.observer)] == [5.0]


@pytest.mark.parametrize("asked", [True, False])
def test_a_counterpart_that_did_not_cheat_is_told_in_these_words(asked: bool) -> None:
    scene = unread()
    if asked:
        scene.from_cable(1.0, S.payment(1))
    scene.run(5.0)
    with pytest.raises((DeviceIdle, EvidenceMissing), match=r"^the counterpart did not get to cheat$") as caught:
        cuts.refusal_to_cut(scene.observer, 0.5)
    assert caught.type is (DeviceIdle if asked else EvidenceMissing)


def test_a_strike_without_its_message_is_told_in_these_words() -> None:
    scene = unread()
    scene.write(1.0, Kind.FAULT, "counterpart", {"what": "cheats", "who": "cable"})
    with pytest.raises(EvidenceMissing, match=r"^the spoiled message did not pass on the line$"):
        cuts.refusal_to_cut(scene.run(2.0).observer, 0.5)


def test_of_a_pair_the_message_to_either_device_can_be_the_spoiled_one() -> None:
    directions: tuple[Direction, ...] = ("to socket", "to cable")
    for direction in directions:
        scene = read(unread(PAIR), (4.9, 1000.0), (5.2, 0.0))
        scene.strike(5.0, S.meter(1), direction)
        assert cuts.refusal_to_cut(scene.run(6.0).observer, 0.5).began == 5.0


def test_a_refusal_of_the_cable_counts_from_the_instant_of_the_request_on_and_is_the_cables_own() -> None:
    def refusing(second: float, *, by: str = "cable") -> Scene:
        scene = read(unread(CABLE_UNDER_TEST), (4.9, 1000.0), (5.2, 0.0))
        scene.strike(5.0, S.request(2), "to cable")
        (scene.from_cable if by == "cable" else scene.from_socket)(second, S.error(ErrorCode.OVERPAID))
        return scene.run(6.0)

    for second in (5.0, 5.1):
        found = cuts.request_refusal_to_cut(refusing(second).observer, 0.5)
        assert found.low == 0.0
        assert found.high == pytest.approx(0.2)
        assert found.began == 5.0
    for scene in (refusing(4.99), refusing(5.1, by="socket")):
        with pytest.raises(DeviceIdle, match=r"^the cable sent no ERROR: it did not refuse the request$"):
            cuts.request_refusal_to_cut(scene.observer, 0.5)


def test_the_cut_after_a_refused_request_is_timed_from_the_last_byte_of_the_request() -> None:
    scene = read(unread(CABLE_UNDER_TEST), (4.9, 1000.0), (5.4, 1000.0), (5.5, 0.0))
    scene.strike(5.0, S.request(2), "to cable")
    scene.from_cable(5.1, S.error(ErrorCode.OVERPAID))
    found = cuts.request_refusal_to_cut(scene.run(5.1).observer, 0.5)
    assert found.low == pytest.approx(0.39 - line_s(S.request(2)))
    assert scene.clock.now() == pytest.approx(7.5 + line_s(S.request(2)))


# --- the outlet that goes dead --------------------------------------------------------------------------------------


def plugged(*changes: tuple[float, str]) -> Scene:
    """An outlet that is live at each half second up to the 20th, with a plug that is pulled and put back."""
    scene = read(unread(), *((second / 2, 1000.0) for second in range(40)))
    for second, what in changes:
        scene.fault(second, PLUG, {"out": "cable pulled out of the socket", "in": "cable plugged in again"}[what])
    return scene


def test_an_outlet_is_watched_to_the_instant_at_which_it_was_plugged_in_again_and_no_longer() -> None:
    scene = plugged((5.0, "out"), (9.0, "in"))
    found = cuts.unplugged_to_dead(scene.run(9.2).observer, 0.2)
    assert (round(found.low, 6), found.high, found.began) == (3.99, math.inf, 5.0)
    assert scene.clock.now() == 9.2


def test_an_outlet_that_was_not_plugged_in_again_is_watched_for_two_seconds_beyond_its_limit() -> None:
    for changes in (((5.0, "out"),), ((3.0, "out"), (4.0, "in"), (5.0, "out")), ((5.0, "in"), (5.0, "out"))):
        scene = plugged(*changes)
        found = cuts.unplugged_to_dead(scene.run(5.0).observer, 0.2)
        assert scene.clock.now() == pytest.approx(7.2)
        assert (round(found.low, 6), found.high) == (1.99, math.inf)


def test_a_plug_that_nobody_pulled_is_told_in_these_words() -> None:
    with pytest.raises(EvidenceMissing, match=r"^nothing happened to the plug in this scenario$"):
        cuts.unplugged_to_dead(unread().observer, 0.2)
