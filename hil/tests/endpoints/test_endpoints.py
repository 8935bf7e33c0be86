"""What an endpoint does with its hands: the order of effects, the pace of its meter, and a ledger that fails."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.endpoints.socket import CLOSEST_METERING_S, CONFLICT_WATCH_S, METERING_S
from hil.protocol.policy import Mode, Policy, SocketTerms
from hil.protocol.socket.table import SocketState
from hil.protocol.wire.framing import FrameDecoder
from hil.protocol.wire.messages import Meter, decode_message
from hil.tests.devices.device_pair import DevicePair


def running(seconds: float, **options: object) -> DevicePair:
    pair = DevicePair(**options).start()  # type: ignore[arg-type]
    pair.run(seconds)
    return pair


@pytest.mark.parametrize("mode", Mode)
def test_no_single_failure_of_the_ledger_stops_the_program_or_leaves_power_on_without_credit(mode: Mode) -> None:
    whole = DevicePair(socket={"mode": mode.label}, cable={"max_payments": 2}).start()
    whole.run(60.0)
    asked = whole.ledger.questions
    assert asked > 10
    for first in sorted({*range(1, min(asked, 12)), asked // 2, asked - 1, asked}):
        pair = DevicePair(socket={"mode": mode.label}, cable={"max_payments": 2})
        pair.ledger.fails_at = range(first, first + 3)
        pair.start().run(150.0)
        machine = pair.socket_machine
        assert machine is not None
        assert (machine.state, pair.closed) == (SocketState.IDLE, False)
        assert pair.journal().open_session() is None
        assert "halted" not in pair.socket.console


def test_a_ledger_that_stays_away_keeps_the_socket_settling_with_a_note_for_each_attempt() -> None:
    pair = running(10.0)
    pair.ledger.available = False
    pair.run_for(60.0)
    machine = pair.socket_machine
    assert machine is not None
    assert (machine.state, pair.closed) == (SocketState.SETTLING, False)
    attempts = 60 / (Policy().settle_s + 0.05)
    assert pair.socket.console.count("settlement failed, is tried again: no answer") == pytest.approx(attempts, abs=2)
    left = pair.journal().open_session()
    assert left is not None
    pair.ledger.available = True
    pair.run_for(3.0)
    assert pair.ledger.sent == [left.transaction]
    assert machine.state is SocketState.IDLE


def test_a_conflicting_spend_opens_the_contact_within_the_limit() -> None:
    pair = running(10.0)
    pair.ledger.spend_elsewhere()
    pair.run_for(CONFLICT_WATCH_S + 0.001)
    assert not pair.closed
    assert Policy().cut_off_s > CONFLICT_WATCH_S
    pair.run_for(1.0)
    assert "settlement lost: missing-inputs" in pair.socket.console


def test_the_meter_is_read_more_often_as_the_credit_ends() -> None:
    pair = DevicePair(cable={"max_payments": 1}).start()
    readings: list[tuple[float, float]] = []
    read = pair.socket.energy
    pair.socket.energy = lambda: (readings.append((pair.now, pair.energy_wh)), read())[1]  # type: ignore[method-assign,func-returns-value]
    pair.socket.program._board.meter = pair.socket
    pair.socket.supply(False)
    pair.socket.supply(True)
    pair.run(40.0)
    del readings[:2]  # a socket asks its meter at power-on, and when it has booted, to see that it answers
    # a METER message takes a reading of its own, which may fall on the instant of a scheduled one
    gaps = [gap for (earlier, _), (later, _) in itertools.pairwise(readings) if (gap := later - earlier) > 1e-9]
    assert max(gaps) <= METERING_S + 1e-9
    assert min(gaps) >= CLOSEST_METERING_S - 1e-9
    assert gaps[-1] == pytest.approx(CLOSEST_METERING_S)
    assert pair.energy_wh - 8 < 1300 * CLOSEST_METERING_S / 3600 + 1e-3


@settings(deadline=None)  # a busy machine is no failure
@given(st.floats(0.5, 3680.0), st.floats(10.0, 60.0))
def test_an_appliance_switched_on_just_after_a_reading_gets_no_more_than_the_unpaid_limit(
    before_w: float, at_s: float
) -> None:
    pair = DevicePair(cable={"max_payments": 1}, power_w=before_w).start()
    pair.run(at_s)
    pair.power_w = SocketTerms().max_power_w
    pair.run_for(40.0)
    assert not pair.closed
    assert pair.energy_wh <= 8.0 + Policy().unpaid_energy_mwh / 1000


def test_an_appliance_that_draws_more_than_is_sold_for_a_second_is_cut_off_and_the_socket_sells_on() -> None:
    pair = running(10.0)
    pair.power_w = SocketTerms().max_power_w + 1
    pair.run_for(Policy().overload_s - METERING_S)
    assert pair.closed
    pair.run_for(2 * METERING_S)
    assert not pair.closed
    assert "the appliance draws 3681 W, sold are at most 3680 W" in pair.socket.console
    assert "session over (fault)" in pair.socket.console
    pair.power_w = 1300.0
    pair.run_for(Policy().call_again_s + 1.0)
    assert pair.closed


def test_an_appliance_that_draws_too_much_for_less_than_a_second_is_served_on() -> None:
    pair = running(10.0)
    for power_w in (4000.0, 3680.0, 4000.0, 100.0):
        pair.power_w = power_w
        pair.run_for(Policy().overload_s - 2 * METERING_S)
    assert pair.closed


def test_the_energy_that_a_socket_tells_is_as_of_the_moment_in_which_it_tells_it() -> None:
    pair = DevicePair(cable={"max_payments": 1})
    told: list[tuple[float, float]] = []
    write = pair.socket.program._board.link.write

    def note(data: bytes) -> None:
        for frame in FrameDecoder().feed(data):
            assert isinstance(frame, bytes)
            if isinstance(message := decode_message(frame), Meter):
                told.append((message.energy_mwh / 1000, pair.energy_wh))
        write(data)

    pair.socket.program._board.link.write = note  # type: ignore[method-assign]
    pair.start().run(30.0)
    assert len(told) > 5
    for energy, true_energy in told:
        assert energy == pytest.approx(true_energy, abs=1.5e-3)


def test_a_payment_is_remembered_before_its_receipt_leaves() -> None:
    pair = DevicePair()
    order: list[str] = []
    write, carry = pair.socket.storage.write, pair.carry

    def stored(name: str, record: bytes) -> None:
        order.append(name)
        write(name, record)

    pair.socket.storage.write = stored  # type: ignore[method-assign]
    pair.carry = lambda sender, data: (order.append(sender.role), carry(sender, data))[1]  # type: ignore[method-assign,func-returns-value]
    pair.start()
    while not pair.closed:
        pair.run_for(0.001)
    assert order[-2:] == ["session", "socket"]
