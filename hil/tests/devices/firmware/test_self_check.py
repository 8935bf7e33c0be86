"""A socket whose own contact or meter does not do what it should: its session ends in order, and it sells nothing."""

from __future__ import annotations

import pytest

from hil.devices.firmware.self_check import CONTACT_RESTS_S, CheckedContact, CheckedMeter, OutOfOrder
from hil.protocol.codes import CloseReason
from hil.protocol.wire.framing import FrameDecoder
from hil.protocol.wire.messages import Close, Message, Offer, Receipt, decode_message
from hil.tests.devices.device_pair import DevicePair
from hil.units import Watt, WattHour


def said(pair: DevicePair, kind: type[Message]) -> list[Message]:
    """Return the socket's messages of a kind, oldest first."""
    found: list[Message] = []
    for _, who, frame in pair.sent:
        (payload,) = FrameDecoder().feed(frame)
        assert isinstance(payload, bytes)
        found += [decode_message(payload)] if who == "socket" else []
    return [message for message in found if isinstance(message, kind)]


def delivering(**socket: object) -> DevicePair:
    """Return a pair 5 s into its first session, at 1300 W; the socket's board has an auxiliary contact."""
    pair = DevicePair(socket=socket)
    pair.check = lambda: setattr(pair.socket, "position", pair.closed)
    pair.start().run(5.0)
    assert pair.closed
    return pair


def reasons(pair: DevicePair) -> list[CloseReason]:
    return [close.reason for close in said(pair, Close) if isinstance(close, Close)]


# --- the meter ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "within_s"), [("silent", 0.11), ("frozen", 0.45)])
def test_a_meter_that_fails_ends_the_session_and_what_is_owed_is_settled(fault: str, within_s: float) -> None:
    pair = delivering()
    pair.socket.meter_fault = fault
    pair.run_for(within_s)
    assert not pair.closed
    pair.run_for(60.0)
    assert reasons(pair) == [CloseReason.FAULT]
    assert len(pair.ledger.sent) == 1
    assert len(said(pair, Offer)) == 1  # the cable calls again, and nobody answers
    assert "out of order: the energy meter " in pair.socket.console


def test_a_socket_that_was_out_of_order_sells_again_when_it_was_mended_and_started_anew() -> None:
    pair = delivering()
    pair.socket.meter_fault = "silent"
    pair.run_for(5.0)
    pair.socket.meter_fault = ""
    pair.run_for(20.0)
    assert len(said(pair, Offer)) == 1
    pair.socket.supply(False)
    pair.socket.supply(True)
    pair.run_for(20.0)
    assert len(said(pair, Offer)) == 2


def test_a_socket_whose_meter_is_silent_when_it_starts_asks_it_each_second_and_offers_nothing_meanwhile() -> None:
    pair = DevicePair()
    pair.socket.meter_fault = "silent"
    pair.start().run(5.5)
    assert said(pair, Offer) == []
    assert pair.socket.console.count("out of order: the energy meter does not answer") == 6
    pair.socket.meter_fault = ""
    pair.run(12.0)
    assert len(said(pair, Offer)) == 1


def test_a_socket_without_the_defence_sells_on_by_a_meter_that_stands_still() -> None:
    pair = delivering(defects=["trusts-its-meter"])
    pair.socket.meter_fault = "frozen"
    pair.run_for(60.0)
    assert pair.closed
    assert pair.energy_wh > 8 + 8


class Meter:
    """A meter in memory."""

    def __init__(self) -> None:
        self.energy_wh, self.power_w = 0.0, 0.0

    def energy(self) -> WattHour:
        return WattHour(self.energy_wh)

    def power(self) -> Watt:
        return Watt(self.power_w)

    def live(self) -> bool:
        return True


def read(meter: CheckedMeter) -> None:
    meter.energy()
    meter.power()


def test_a_count_may_stand_still_for_as_long_as_nothing_flows_and_after_that_for_100_mwh() -> None:
    at = [0.0]
    meter = Meter()
    checked = CheckedMeter(meter, 100, lambda: at[0])
    checked.begin()
    for at[0] in range(3600):
        read(checked)
    meter.power_w = 360.0
    read(checked)
    at[0] += 0.99
    read(checked)
    at[0] += 0.02
    with pytest.raises(OutOfOrder, match=r"stands still at 0 Wh while 360 W flow"):
        read(checked)


def test_a_register_that_goes_back_is_no_count_and_counts_as_one_that_stands_still() -> None:
    at = [0.0]
    meter = Meter()
    meter.power_w, meter.energy_wh = 360.0, 5.0
    checked = CheckedMeter(meter, 100, lambda: at[0])
    checked.begin()
    read(checked)
    meter.energy_wh = 4.0
    at[0] += 0.5
    assert checked.energy() == 5.0
    at[0], meter.energy_wh = at[0] + 0.6, 4.1
    with pytest.raises(OutOfOrder, match="stands still at 5 Wh"):
        read(checked)


def test_a_count_that_moves_is_never_missed_however_much_flows_between_two_readings() -> None:
    at = [0.0]
    meter = Meter()
    meter.power_w = 100_000.0
    checked = CheckedMeter(meter, 100, lambda: at[0])
    checked.begin()
    for _ in range(10):
        at[0] += 0.1
        meter.energy_wh += 2.8
        read(checked)


def test_a_power_that_is_asked_for_between_two_counts_misses_none() -> None:
    at = [0.0]
    meter = Meter()
    meter.power_w = 3680.0  # 102 mWh in 100 ms
    checked = CheckedMeter(meter, 100, lambda: at[0])
    checked.begin()
    for _ in range(10):
        at[0] += 0.1
        meter.energy_wh += 3680 * 0.1 / 3600
        checked.power()
        read(checked)


def test_what_flowed_before_the_contact_opened_is_not_missed_when_it_closes_again() -> None:
    at = [0.0]
    meter = Meter()
    checked = CheckedMeter(meter, 100, lambda: at[0])
    checked.begin()
    meter.power_w = 1800.0
    read(checked)
    at[0], meter.power_w = 1000.0, 0.0
    checked.begin()
    read(checked)


# --- the contact --------------------------------------------------------------------------------------------------


def test_a_contact_that_does_not_open_is_noticed_and_the_cable_is_offered_nothing_more() -> None:
    pair = delivering()
    pair.check = lambda: setattr(pair.socket, "position", True)
    pair.socket.program.on_plug(False, pair.now)
    pair.run_for(30.0)
    assert "out of order: the contact was told to be open and reads back closed" in pair.socket.console
    assert reasons(pair) == [CloseReason.UNPLUGGED]
    assert len(said(pair, Offer)) == 1


def test_a_contact_that_does_not_close_costs_the_cable_one_payment() -> None:
    pair = DevicePair()
    pair.check = lambda: setattr(pair.socket, "position", False)
    pair.start().run(40.0)
    assert "out of order: the contact was told to be closed and reads back open" in pair.socket.console
    assert reasons(pair) == [CloseReason.FAULT]
    assert len(said(pair, Receipt)) == 1


def test_a_socket_that_starts_with_its_contact_closed_offers_nothing() -> None:
    pair = DevicePair()
    pair.socket.position = True
    pair.start().run(20.0)
    assert said(pair, Offer) == []
    assert "out of order: the contact was told to be open and reads back closed" in pair.socket.console


def test_a_socket_without_the_defence_offers_on_with_a_contact_that_is_welded() -> None:
    pair = DevicePair(socket={"defects": ["ignores-its-contact"]})
    pair.socket.position = True
    pair.start().run(20.0)
    assert len(said(pair, Offer)) == 1


def test_a_contact_is_looked_at_once_after_each_command_when_it_has_come_to_rest() -> None:
    at, told = [0.0], list[bool]()

    class Coil:
        def set(self, *, closed: bool) -> None:
            told.append(closed)

    contact = CheckedContact(Coil(), lambda: told[-1], lambda: at[0])
    assert contact.due is None
    contact.set(closed=True)
    assert contact.due == CONTACT_RESTS_S
    at[0] = 0.05
    contact.set(closed=False)
    assert contact.due == 0.05 + CONTACT_RESTS_S
    contact.check()
    assert contact.due is None
    assert told == [True, False]


class Relay:
    """A contact whose coil is driven when the test says so."""

    position = False

    def set(self, *, closed: bool) -> None:
        """The command is under way."""


def late_contact(at: list[float]) -> tuple[CheckedContact, Relay]:
    """Return a contact that was told to close at 0 s, and is looked at only at 0.5 s."""
    relay = Relay()
    contact = CheckedContact(relay, lambda: relay.position, lambda: at[0])
    contact.set(closed=True)
    at[0] = 0.5
    contact.check()
    return contact, relay


def test_a_look_at_the_contact_that_was_held_up_is_put_off_until_the_contact_rests() -> None:
    at = [0.0]
    contact, relay = late_contact(at)
    assert contact.due == pytest.approx(0.5 + CONTACT_RESTS_S)
    relay.position, at[0] = True, 0.6
    contact.check()
    assert contact.due is None


def test_it_is_put_off_once_and_a_contact_that_does_not_follow_is_out_of_order() -> None:
    at = [0.0]
    contact, _ = late_contact(at)
    at[0] = 1.2
    with pytest.raises(OutOfOrder, match="told to be closed and reads back open"):
        contact.check()
