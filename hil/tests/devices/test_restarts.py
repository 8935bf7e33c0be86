"""Power cuts, restarts and lost links: a session goes on where it was, or is settled, and nothing is lost beyond it."""

from __future__ import annotations

import pytest

from hil.devices.firmware.cable import CableProgram
from hil.ports import Acceptance
from hil.protocol.cable.table import CableState
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.transactions import parse_transaction
from hil.protocol.policy import Mode, Policy
from hil.protocol.socket.table import SocketState
from hil.protocol.wire.framing import FrameDecoder
from hil.protocol.wire.messages import Hello, Message, Offer, Payment, decode_message
from hil.tests.devices.device_pair import DevicePair
from hil.units import Satoshi

POLICY = Policy()
FIVE = {"max_payments": 5}


def messages(pair: DevicePair, sender: str) -> list[Message]:
    found: list[Message] = []
    for _, who, frame in pair.sent:
        (payload,) = FrameDecoder().feed(frame)
        assert isinstance(payload, bytes)
        found += [decode_message(payload)] if who == sender else []
    return found


def sessions(pair: DevicePair) -> list[bytes]:
    """Return the sessions that the socket offered terms for, in order, each once."""
    offers = [message.session for message in messages(pair, "socket") if isinstance(message, Offer)]
    return list(dict.fromkeys(offers))


def restart(pair: DevicePair, *roles: str, off_s: float = 0.0) -> None:
    for role in roles:
        pair.devices[role].supply(False)
    pair.run_for(off_s)
    for role in roles:
        pair.devices[role].supply(True)


def state_of(pair: DevicePair) -> SocketState:
    assert pair.socket_machine is not None
    return pair.socket_machine.state


def spent_last(pair: DevicePair) -> bytes:
    """Return the id of the transaction that the newest payment spends a coin of, in the order of the wire."""
    newest = [message for message in messages(pair, "cable") if isinstance(message, Payment)][-1]
    txid: bytes = parse_transaction(newest.transaction).vin[0].prevout.hash
    return txid


def paid_quanta(pair: DevicePair) -> list[int]:
    """Return what each transaction on the ledger pays, in quanta."""
    return [parse_transaction(raw).vout[0].nValue // 10_000 for raw in pair.ledger.sent]


# --- the socket restarts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", Mode)
def test_a_socket_that_restarts_goes_on_with_the_session_and_the_credit(mode: Mode) -> None:
    pair = DevicePair(socket={"mode": mode.label}, cable=FIVE).start()
    pair.run(30.0)
    before = pair.energy_wh
    restart(pair, "socket", off_s=3.0)
    assert not pair.closed
    pair.run_for(12.0)  # the cable says METER every ten seconds
    assert pair.closed
    assert pair.energy_wh > before
    pair.run(200.0)
    assert len(sessions(pair)) == 1
    assert sum(paid_quanta(pair)) == 5 if mode is Mode.SINGLE_FEE else paid_quanta(pair) == [1] * 5
    # the socket may have given away what it had not yet written down, once
    assert 40.0 <= pair.energy_wh <= 40.0 + (POLICY.remember_mwh + POLICY.unpaid_energy_mwh) / 1000


def test_a_socket_does_not_close_its_contact_before_its_cable_is_heard() -> None:
    pair = DevicePair().start()
    pair.run(30.0)
    pair.line_cut = True
    restart(pair, "socket")
    pair.run_for(59.0)
    assert not pair.closed
    assert state_of(pair) is SocketState.SUSPENDED
    assert pair.ledger.sent == []
    pair.run_for(2.0)
    assert state_of(pair) is SocketState.IDLE
    assert paid_quanta(pair) == [2]


def test_a_session_of_a_cable_that_forgot_it_is_settled_before_the_cable_is_served_anew() -> None:
    pair = DevicePair().start()
    pair.run(30.0)
    restart_order: list[int] = []
    pair.check = lambda: restart_order.append(len(pair.ledger.sent) * 10 + len(sessions(pair)))
    pair.cable.storage.records.clear()
    restart(pair, "socket", "cable")
    pair.run_for(5.0)
    assert len(sessions(pair)) == 2
    assert 2 not in restart_order  # never a second session with nothing on the ledger
    assert paid_quanta(pair) == [2]


@pytest.mark.parametrize("mode", Mode)
def test_a_power_cut_at_any_instant_loses_no_accepted_payment(mode: Mode) -> None:
    for tenth in range(1, 40):
        pair = DevicePair(socket={"mode": mode.label}).start()
        pair.power_w = 20_000.0  # a payment lasts 1.4 s
        pair.run(tenth / 10 + 0.0005 * tenth)
        machine = pair.socket_machine
        assert machine is not None
        newest = machine.newest
        pair.line_cut = True
        restart(pair, "socket", off_s=0.5)
        assert not pair.closed
        pair.run_for(61.0)
        assert not newest or newest in pair.ledger.sent


def test_a_session_without_credit_left_is_settled_at_once() -> None:
    pair = DevicePair().start()
    pair.run(10.0)
    pair.ledger.available = False
    pair.line_cut = True
    pair.run_for(20.0)
    assert pair.socket_machine is not None
    assert pair.socket_machine.state is SocketState.SETTLING
    restart(pair, "socket")
    pair.run_for(3.0)
    assert "ledger unavailable: no answer" in pair.socket.console
    pair.ledger.available = True
    pair.run_for(70.0)
    restart(pair, "socket")
    assert paid_quanta(pair) == [1]
    assert pair.socket.console.count("before the power cut") == 1


def test_a_session_that_only_a_full_mempool_keeps_from_settling_stays_in_the_storage() -> None:
    pair = DevicePair().start()
    pair.run(10.0)
    left = pair.journal().open_session()
    pair.line_cut = True
    pair.ledger.broadcast = lambda transaction: Acceptance(allowed=False, reason="mempool full")  # type: ignore[method-assign]
    restart(pair, "socket")
    pair.run_for(63.0)
    kept = pair.journal().open_session()
    assert left is not None
    assert kept is not None
    assert (kept.session, kept.n, kept.transaction) == (left.session, left.n, left.transaction)
    assert "settlement failed, is tried again: mempool full" in pair.socket.console
    del pair.ledger.broadcast
    pair.run_for(3.0)
    assert pair.journal().open_session() is None
    assert len(pair.ledger.sent) == 1


def test_a_session_whose_coins_were_spent_elsewhere_is_told_as_lost() -> None:
    pair = DevicePair().start()
    pair.run(10.0)
    pair.line_cut = True
    pair.ledger.spend_elsewhere()
    restart(pair, "socket")
    pair.run_for(61.0)
    assert "settlement lost: missing-inputs" in pair.socket.console
    assert pair.journal().open_session() is None


def test_a_double_spend_while_the_socket_was_off_is_seen_within_half_a_second_of_power() -> None:
    pair = DevicePair().start()
    pair.run(30.0)
    restart_energy = pair.energy_wh
    pair.socket.supply(False)
    pair.ledger.conflicting = "ab" * 32
    pair.socket.supply(True)
    pair.run_for(20.0)
    assert "refused: CONFLICT" in pair.socket.console
    assert pair.energy_wh - restart_energy <= 1300 * POLICY.cut_off_s / 3600


# --- the cable restarts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", Mode)
def test_a_cable_that_restarts_goes_on_with_its_session_while_power_flows(mode: Mode) -> None:
    pair = DevicePair(socket={"mode": mode.label}, cable=FIVE).start()
    pair.run(10.0)
    restart(pair, "cable", off_s=2.0)
    assert pair.closed
    pair.run(200.0)
    assert len(sessions(pair)) == 1
    hellos = [message for message in messages(pair, "cable") if isinstance(message, Hello)]
    assert len({hello.session for hello in hellos}) == 1
    assert pair.energy_wh == pytest.approx(40.0, abs=0.02)
    assert sum(paid_quanta(pair)) == 5
    assert pair.socket.console.count("contact closed") == 1


@pytest.mark.parametrize("role", ["socket", "cable"])
def test_a_device_that_restarts_again_before_it_wrote_anything_down_is_still_heard(role: str) -> None:
    pair = DevicePair(cable=FIVE, power_w=20.0).start()
    pair.run(40.0)
    for _ in range(4):
        restart(pair, role, off_s=0.2)
        pair.run_for(30.0)  # 0.17 Wh: too little to be written down by itself
    assert len(sessions(pair)) == 1
    assert state_of(pair) is SocketState.DELIVERING
    numbers = [message.sequence for message in messages(pair, role) if message.session == sessions(pair)[0]]
    assert len(set(numbers)) == len(numbers)


def test_a_cable_that_restarts_when_its_payment_was_lost_pays_once() -> None:
    pair = DevicePair().start()
    pair.faults["cable"].extend([("", 0.0), ("drop", 0.0)])
    pair.run(0.5)
    assert not pair.closed
    restart(pair, "cable")
    pair.run_for(2.0)
    assert pair.closed
    assert pair.socket_machine is not None
    assert pair.socket_machine.payments == 1


def test_a_cable_plugged_into_another_socket_does_not_go_on_with_the_old_session() -> None:
    pair = DevicePair(coin_values=(100_000,)).start()
    pair.run(10.0)
    first = sessions(pair)
    pair.cable.supply(False)
    pair.run_for(30.0)  # the credit ends, the socket settles
    pair.socket.supply(False)
    pair.socket.storage.records.pop("session")  # another socket, which does not know the session
    pair.socket.supply(True)
    pair.cable.supply(True)
    pair.run_for(60.0)
    assert "refused: UNSUITABLE: not the session that was begun" in pair.cable.console
    assert sessions(pair)[-1] not in first
    assert pair.socket_machine is not None
    assert pair.socket_machine.payments >= 1


def test_both_restart_and_the_slice_is_toasted_to_its_end() -> None:
    pair = DevicePair(cable=FIVE).start()
    pair.run(30.0)
    restart(pair, "socket", "cable", off_s=5.0)
    pair.run(300.0)
    assert len(sessions(pair)) == 1
    assert paid_quanta(pair) == [5]


# --- the cable is pulled ----------------------------------------------------------------------------------------


def test_a_socket_that_feels_the_cable_being_pulled_opens_at_once_and_settles_within_two_seconds() -> None:
    pair = DevicePair().start()
    pair.run(30.0)
    pair.line_cut = True
    pair.socket.program.on_plug(False, pair.now)
    assert not pair.closed
    pair.run_for(POLICY.settle_s)
    assert paid_quanta(pair) == [2]
    assert "session over (unplugged), 2 payments" in pair.socket.console


# --- the link is lost -------------------------------------------------------------------------------------------


def test_a_link_that_is_lost_for_less_than_the_credit_lasts_changes_nothing() -> None:
    pair = DevicePair(cable=FIVE).start()
    pair.run(5.0)
    pair.line_cut = True
    pair.run_for(10.0)
    pair.line_cut = False
    pair.run(200.0)
    assert len(sessions(pair)) == 1
    assert pair.socket.console.count("contact closed") == 1
    assert paid_quanta(pair) == [5]


def test_a_link_that_is_lost_for_longer_ends_the_session_and_the_cable_calls_again_with_its_change() -> None:
    pair = DevicePair(cable=FIVE).start()
    pair.run(5.0)
    pair.line_cut = True
    pair.run_for(40.0)
    assert not pair.closed
    assert paid_quanta(pair) == [1]
    pair.line_cut = False
    pair.run_for(25.0)
    assert pair.closed
    assert len(sessions(pair)) == 2
    pair.run(400.0)
    # the five payments of the cable's budget count over both sessions
    assert paid_quanta(pair) == [1, 4]
    first, second = (parse_transaction(raw) for raw in pair.ledger.sent)
    assert second.vin[0].prevout.hash == first.GetTxid()


def test_a_cable_never_pays_twice_to_a_socket_that_delivers_nothing() -> None:
    pair = DevicePair(power_w=0.0).start()
    pair.run(5.0)
    assert pair.cable_machine is not None
    for _ in range(5):
        restart(pair, "socket")
        pair.socket.storage.records.clear()
        pair.run_for(90.0)
    assert pair.cable_machine.state is CableState.ENDED
    assert pair.cable_machine.payments == 1


def test_a_payment_that_was_lost_on_the_way_leaves_the_change_of_the_one_before() -> None:
    pair = DevicePair().start()
    pair.run(10.0)
    pair.alter["cable"] = lambda message: () if isinstance(message, Payment) else (message,)
    pair.run_for(8.0)  # the second payment is signed and lost
    pair.line_cut = True
    pair.run_for(20.0)
    assert paid_quanta(pair) == [1]
    pair.alter["cable"], pair.line_cut = None, False
    pair.run_for(45.0)
    assert "socket reports COIN_UNKNOWN" not in pair.cable.console
    assert pair.closed
    assert parse_transaction(pair.ledger.sent[0]).GetTxid() == spent_last(pair)


def test_coins_that_a_socket_holds_a_payment_over_are_not_declared_to_another() -> None:
    pair = DevicePair().start()
    pair.run(30.0)
    pair.ledger.available = False  # the first socket cannot settle yet
    pair.socket.supply(False)
    pair.socket.storage.records.clear()
    pair.ledger.available = True
    pair.socket.supply(True)
    pair.run_for(300.0)
    assert "socket reports COIN_UNKNOWN" in pair.cable.console
    assert pair.cable_machine is not None
    assert pair.cable_machine.state is CableState.CALLING  # the first socket may settle yet
    assert pair.ledger.sent == []


def test_a_cable_that_was_given_new_coins_takes_those_first() -> None:
    pair = DevicePair(cable=FIVE).start()
    pair.run(200.0)
    assert paid_quanta(pair) == [5]
    script = pair.coins[0].script
    fresh = Coin(OutPoint("ab" * 32, 0), Satoshi(50_000), script)
    pair.ledger.coins[fresh.outpoint] = fresh
    pair.cable.supply(False)
    assert isinstance(pair.cable.program, CableProgram)
    pair.cable.program._coins = [fresh]  # what a new profile would hold
    pair.cable.supply(True)
    pair.run_for(200.0)
    assert parse_transaction(pair.ledger.sent[1]).vin[0].prevout.hash.hex() == "ab" * 32
