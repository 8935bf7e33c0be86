"""The firmware of the reference devices: boot, console, ledger, power cuts, addresses, secrets."""

from __future__ import annotations

import logging
import re

import pytest

from hil.devices.profiles import CABLE_BOOT, SOCKET_BOOT
from hil.devices.storage.journal import TornRecord
from hil.errors import ConfigurationError
from hil.protocol.cable.table import CableState
from hil.protocol.wire.framing import FrameDecoder
from hil.protocol.wire.messages import Message, Offer, decode_message
from hil.tests.devices.device_pair import SEEDS, DevicePair

STAMP = re.compile(r"\[ *(\d+\.\d{3})\] (?:socket|cable): (.*)\r\n")
BOOT = [{"name": "kernel", "seconds": 2.0}, {"name": "application", "seconds": 1.5}]


def stamped(console: str) -> list[tuple[float, str]]:
    return [(float(at), text) for at, text in STAMP.findall(console)]


def offers(pair: DevicePair) -> list[Offer]:
    found: list[Message] = []
    for _, who, frame in pair.sent:
        (payload,) = FrameDecoder().feed(frame)
        assert isinstance(payload, bytes)
        found += [decode_message(payload)] if who == "socket" else []
    return [message for message in found if isinstance(message, Offer)]


# --- boot -------------------------------------------------------------------------------------------------------


def test_boot_stages_stand_on_the_console_with_their_times() -> None:
    pair = DevicePair(socket={"boot": BOOT}, cable={"boot": [{"name": "kernel", "seconds": 60}]})
    pair.run(10.0)
    pair.start().run(15.0)
    assert stamped(pair.socket.console) == [(0.0, "kernel"), (2.0, "application"), (3.5, "ready")]
    assert stamped(pair.cable.console) == [(0.0, "kernel")]


def test_the_default_stages_leave_time_for_the_first_payment_within_27_seconds() -> None:
    pair = DevicePair(socket={"boot": SOCKET_BOOT}, cable={"boot": CABLE_BOOT}).start()
    pair.run(27.0)
    assert pair.closed
    assert stamped(pair.socket.console)[-1] == (21.0, "ready")


def test_nothing_is_on_the_line_before_a_device_is_ready_and_what_comes_is_not_heard() -> None:
    pair = DevicePair(socket={"boot": BOOT}, cable={"boot": [{"name": "kernel", "seconds": 1.0}]}).start()
    pair.run(20.0)
    first = {who: next(at for at, sender, _ in pair.sent if sender == who) for who in ("socket", "cable")}
    assert first["cable"] == 1.0  # HELLO at 1, 2 and 3 s find nobody
    assert first["socket"] == pytest.approx(4.0, abs=0.01)


@pytest.mark.parametrize(("boot", "ready"), [(BOOT, 8.5), ([], 5.0)])
def test_a_seeded_boot_delay_comes_on_top_of_the_stages(boot: list[dict[str, object]], ready: float) -> None:
    pair = DevicePair(socket={"boot": boot, "boot_delay_s": 5.0})
    pair.socket.supply(True)
    pair.run(20.0)
    assert stamped(pair.socket.console)[-1] == (ready, "ready")


def test_a_socket_whose_ledger_is_not_ready_asks_again_each_second_and_offers_nothing() -> None:
    pair = DevicePair()
    pair.ledger.is_ready = False
    pair.start().run(5.5)
    assert [text for _, text in stamped(pair.socket.console)] == ["ledger not ready"] * 6
    assert offers(pair) == []
    pair.ledger.is_ready, pair.ledger.available = True, False
    pair.run(7.5)
    assert pair.socket.console.count("ledger unavailable: no answer") == 2
    pair.ledger.available = True
    pair.run(12.0)
    assert len(offers(pair)) == 1
    assert pair.closed


def test_a_cable_says_ready_before_it_calls() -> None:
    pair = DevicePair()
    pair.cable.supply(True)
    assert stamped(pair.cable.console) == [(0.0, "ready")]
    assert pair.sent == []
    pair.run_for(0.1)
    assert [who for _, who, _ in pair.sent] == ["cable"]


def test_the_console_tells_contact_refusals_and_the_end() -> None:
    pair = DevicePair(cable={"max_payments": 1}).start()
    pair.run(40.0)
    assert "socket: contact closed (payment 1 accepted)\r\n" in pair.socket.console
    assert "socket: contact open (limit_reached)\r\n" in pair.socket.console
    assert "cable: payment 1 credited, 8000 mWh in all\r\n" in pair.cable.console


# --- power cuts -------------------------------------------------------------------------------------------------


def damaged_record(whole: bytes, damage: str) -> bytes:
    return {"bit": bytes([whole[0] ^ 1]) + whole[1:], "cut": whole[: len(whole) // 2], "empty": b""}[damage]


@pytest.mark.parametrize("damage", ["bit", "cut", "empty"])
def test_torn_addresses_keep_no_open_session_from_being_settled_and_then_nothing_is_sold(damage: str) -> None:
    pair = DevicePair().start()
    pair.run(10.0)
    pair.devices["cable"].supply(False)
    pair.socket.supply(False)
    records = pair.socket.storage.records
    records["addresses"] = damaged_record(records["addresses"], damage)
    pair.socket.supply(True)
    pair.run_for(61.0)
    assert len(pair.ledger.sent) == 1
    pair.cable.storage.records.clear()
    pair.cable.supply(True)
    with pytest.raises(TornRecord, match="device storage: record 'addresses'"):
        pair.run_for(2.0)
    assert "halted: device storage: record 'addresses'" in pair.socket.console
    assert not pair.closed


@pytest.mark.parametrize("record", ["session", "addresses"])
@pytest.mark.parametrize("damage", ["bit", "cut", "empty"])
def test_a_torn_record_is_refused_loudly_and_the_socket_does_not_start(record: str, damage: str) -> None:
    pair = DevicePair().start()
    pair.run(10.0)
    if record == "addresses":  # a session would be settled first
        pair.run(200.0)
    pair.socket.supply(False)
    records = pair.socket.storage.records
    whole = records[record]
    settled = len(pair.ledger.sent)
    records[record] = damaged = damaged_record(whole, damage)
    with pytest.raises(TornRecord, match=f"device storage: record '{record}'"):
        pair.socket.supply(True)
    assert f"halted: device storage: record '{record}'" in pair.socket.console
    assert records[record] == damaged
    assert pair.socket.program.next_deadline() is None
    assert len(offers(pair)) == 1
    assert len(pair.ledger.sent) == settled
    records[record] = whole
    pair.socket.supply(False)
    pair.socket.supply(True)
    assert pair.socket_machine is not None


def test_whatever_a_program_raises_opens_the_contact_first(caplog: pytest.LogCaptureFixture) -> None:
    pair = DevicePair().start()
    pair.run(10.0)
    assert pair.closed

    def broken() -> float:
        raise OSError("meter gone")

    pair.socket.endpoint._energy_wh = broken
    with caplog.at_level(logging.DEBUG), pytest.raises(OSError, match="meter gone"):
        pair.run(11.0)
    assert not pair.closed
    assert "halted: meter gone" in pair.socket.console
    assert pair.socket.program.next_deadline() is None


# --- addresses and secrets --------------------------------------------------------------------------------------


def test_every_session_has_a_payee_address_of_its_own_also_across_power_cuts() -> None:
    pair = DevicePair().start()
    for _ in range(4):
        pair.run_for(3.0)
        for device in pair.devices.values():
            device.supply(False)
        pair.cable.storage.records.pop("session", None)  # a cable that forgot: its session cannot be resumed
        for device in pair.devices.values():
            device.supply(True)
    pair.run_for(15.0)
    by_session = {offer.session: offer.payee_script for offer in offers(pair)}
    assert len(by_session) >= 4
    assert len(set(by_session.values())) == len(by_session)


def test_a_restarted_cable_has_another_change_address() -> None:
    pair = DevicePair().start()
    first = pair.cable_machine.context.change_script if pair.cable_machine else b""
    pair.cable.supply(False)
    pair.cable.supply(True)
    assert pair.cable_machine is not None
    assert pair.cable_machine.context.change_script not in {first, b""}


def test_the_account_is_on_no_console_in_no_repr_and_in_no_record() -> None:
    pair = DevicePair().start()
    pair.run(60.0)
    shown = ""
    for device in pair.devices.values():
        shown += (
            device.console + repr(device.program) + repr(vars(device.program)) + repr(vars(device.endpoint.machine))
        )
        shown += "".join(record.hex() for record in device.storage.records.values())
    shown += "".join(frame.hex() for _, _, frame in pair.sent)
    for seed in SEEDS.values():
        assert seed.hex() not in shown
        assert repr(seed) not in shown


# --- a cable without means ----------------------------------------------------------------------------------------


def test_a_cable_without_coins_declines_every_offer_and_both_live_on() -> None:
    pair = DevicePair(cable={"coins": []}).start()
    pair.run(30.0)
    assert pair.cable_machine is not None
    assert pair.cable_machine.state is CableState.CALLING
    assert "refused: FUNDS_EXHAUSTED: the cable has no coins" in pair.cable.console
    assert not pair.closed


def test_a_socket_without_a_ledger_is_a_mistake_in_the_configuration() -> None:
    pair = DevicePair()
    pair.socket.program._board.ledger = None
    with pytest.raises(ConfigurationError, match="needs a view of the ledger"):
        pair.socket.supply(True)
