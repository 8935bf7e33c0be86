"""A ledger that answers late: what comes in time is waited for, what does not counts as no answer."""

from __future__ import annotations

import pytest

from hil.endpoints.socket import CONFLICT_WATCH_S
from hil.ports import Acceptance
from hil.protocol.codes import ErrorCode
from hil.protocol.policy import Mode, Policy
from hil.protocol.socket.table import SocketState
from hil.protocol.wire.framing import FrameDecoder
from hil.protocol.wire.messages import Error, Message, Receipt, decode_message
from hil.tests.devices.device_pair import DevicePair

POLICY = Policy()
IN_TIME_S, TOO_LATE_S = 0.3, 3.0
FIVE = {"max_payments": 5}


def said(pair: DevicePair, kind: type[Message]) -> list[tuple[float, Message]]:
    """Return the socket's messages of one kind, each with its instant."""
    found = []
    for at, who, frame in pair.sent:
        (payload,) = FrameDecoder().feed(frame)
        assert isinstance(payload, bytes)
        message = decode_message(payload)
        if who == "socket" and isinstance(message, kind):
            found.append((at, message))
    return found


def errors(pair: DevicePair) -> list[tuple[float, ErrorCode]]:
    return [(at, message.code) for at, message in said(pair, Error) if isinstance(message, Error)]


def delivering(**socket: object) -> DevicePair:
    """Return a pair in the middle of its first payment's energy."""
    pair = DevicePair(socket=socket, cable=FIVE).start()
    pair.run(10.0)
    assert pair.closed
    return pair


@pytest.mark.parametrize("mode", Mode)
def test_a_session_is_served_to_its_end_by_a_ledger_that_is_late_and_in_time(mode: Mode) -> None:
    pair = DevicePair(socket={"mode": mode.label}, cable=FIVE)
    pair.ledger.late_s = IN_TIME_S
    pair.start().run(200.0)
    assert pair.energy_wh == pytest.approx(40.0, abs=0.2)
    assert errors(pair) == []


def test_an_answer_that_comes_too_late_ends_the_sale_as_if_none_had_come() -> None:
    pair = delivering()
    pair.ledger.late_s = TOO_LATE_S
    pair.run_for(CONFLICT_WATCH_S + POLICY.ledger_answer_s + 0.01)
    assert not pair.closed
    ((_, code),) = errors(pair)
    assert code is ErrorCode.LEDGER_UNAVAILABLE


def test_the_session_is_settled_once_when_the_ledger_answers_in_time_again() -> None:
    pair = delivering()
    pair.ledger.late_s = TOO_LATE_S
    pair.run_for(20.0)
    machine = pair.socket_machine
    assert machine is not None
    assert machine.state is SocketState.SETTLING
    pair.ledger.late_s = 0.0
    pair.run_for(POLICY.settle_s + POLICY.ledger_answer_s)
    assert machine.state is not SocketState.SETTLING
    assert len(pair.ledger.sent) == 1


def test_nothing_is_sold_while_answers_come_too_late_from_the_beginning() -> None:
    pair = DevicePair(cable=FIVE)
    pair.ledger.late_s = TOO_LATE_S
    pair.start().run(9.0)  # before the cable calls again
    assert [code for _, code in errors(pair)] == [ErrorCode.LEDGER_UNAVAILABLE]
    assert pair.energy_wh == 0


def test_a_conflict_is_heard_as_late_as_the_answer_comes() -> None:
    pair = delivering()
    pair.ledger.late_s = IN_TIME_S
    pair.run_for(2.0)
    attack = pair.now
    pair.ledger.conflicting = "ab" * 32
    # one look may have been under way, and was answered before the attack
    pair.run_for(2 * (CONFLICT_WATCH_S + IN_TIME_S))
    ((at, code),) = errors(pair)
    assert code is ErrorCode.CONFLICT
    assert at - attack <= CONFLICT_WATCH_S + IN_TIME_S + 0.01
    assert not pair.closed


def test_an_answer_that_finds_the_contact_open_says_nothing_more() -> None:
    pair = delivering()
    pair.ledger.late_s = IN_TIME_S
    pair.ledger.conflicting = "ab" * 32
    asked = pair.ledger.questions
    while pair.ledger.questions == asked:
        pair.run_for(0.01)
    pair.socket.program.on_plug(False, pair.now)
    pair.run_for(5.0)
    assert not pair.closed
    assert errors(pair) == []


def test_a_payment_whose_broadcast_is_confirmed_too_late_is_on_the_ledger_and_not_credited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = DevicePair(socket={"mode": Mode.PER_PAYMENT.label}, cable=FIVE)
    take = pair.ledger.broadcast

    def take_and_be_late(transaction: bytes) -> Acceptance:
        pair.ledger.late_s = TOO_LATE_S
        return take(transaction)

    monkeypatch.setattr(pair.ledger, "broadcast", take_and_be_late)
    pair.start().run(9.0)
    assert len(pair.ledger.sent) == 1
    assert said(pair, Receipt) == []
    assert [code for _, code in errors(pair)] == [ErrorCode.LEDGER_UNAVAILABLE]
    assert pair.energy_wh == 0


def test_no_look_is_begun_that_the_end_of_the_credit_could_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program on the wall clock stands still during a call, and would read its meter too late."""
    pair = DevicePair(cable={"max_payments": 1})
    left_wh: list[float] = []
    monkeypatch.setattr(pair.ledger, "conflict", lambda transaction: left_wh.append(8.0 - pair.energy_wh))
    pair.start().run(40.0)
    assert not pair.closed
    assert len(left_wh) > 40
    assert min(left_wh) * 3600 / pair.power_w >= POLICY.ledger_answer_s - 0.01


@pytest.mark.parametrize(("defect", "late_s"), [("waits-for-late-answers", TOO_LATE_S), ("has-no-patience", IN_TIME_S)])
def test_a_seeded_defect_moves_the_limit(defect: str, late_s: float) -> None:
    honest, defective = delivering(), delivering(defects=[defect])
    for pair in (honest, defective):
        pair.ledger.late_s = late_s
        pair.run_for(2.0)
    assert honest.closed != defective.closed
