"""Messages and answers that cross, are lost, come twice, come too late, or come where nobody expects them."""

from __future__ import annotations

import pytest

from hil.protocol.cable.table import CableState
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.effects import KeepCoins, Noted, Remember, SessionEnded, Settle
from hil.protocol.payment.signing import sign_transaction
from hil.protocol.payment.transactions import parse_transaction, txid
from hil.protocol.socket.table import SocketEvent, SocketState
from hil.protocol.wire.messages import (
    LAST_SEQUENCE,
    MOST_ENERGY_MWH,
    Close,
    Error,
    Funding,
    Hello,
    Message,
    Meter,
    Offer,
    Payment,
    PaymentRequest,
    Receipt,
)
from hil.tests.protocol.desk import (
    CABLE_EVENTS,
    KEYS,
    LEDGER_DOWN,
    SESSIONS,
    SOCKET_EVENTS,
    CableDesk,
    SocketDesk,
    coin_of,
)
from hil.tests.protocol.pair import Pair

S, E, C = SocketState, SocketEvent, CableState

OTHER_PAYEE = b"\x00\x14" + b"\x77" * 20


def ended(desk: SocketDesk | CableDesk) -> list[str]:
    return [effect.reason for effect in desk.effects if isinstance(effect, SessionEnded)]


def notes(desk: SocketDesk | CableDesk) -> list[str]:
    return [effect.text for effect in desk.effects if isinstance(effect, Noted)]


# --- lost messages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Hello, Offer, Funding, PaymentRequest, Payment, Receipt])
@pytest.mark.parametrize("nth", [0, 1])
def test_any_one_lost_message_costs_no_power_and_no_money(kind: type[Message], nth: int) -> None:
    pair, seen = Pair(coin_values=(100_000,)), []

    def lossy(message: Message) -> tuple[Message, ...]:
        seen.extend([message] if isinstance(message, kind) else [])
        return () if isinstance(message, kind) and len(seen) == nth + 1 else (message,)

    pair.socket.hooks.before_sending = pair.cable.hooks.before_sending = lossy
    pair.plug_and_run(30)
    pair.power_w = 0.0
    pair.run(60)
    assert [closed for _, closed in pair.switched] == [True, False]
    assert pair.energy_wh > 8
    assert pair.cable.machine.state is C.ENDED
    assert parse_transaction(pair.ledger.sent[0]).vout[0].nValue == 20_000


def test_a_cable_that_hears_no_request_repeats_its_funding() -> None:
    desk = CableDesk().reach(C.FUNDED)
    desk.wait(2.0)
    assert len(desk.sent(Funding)) == 2
    assert desk.sent(Funding)[0].coins == desk.sent(Funding)[1].coins


def test_a_cable_that_hears_no_receipt_repeats_its_payment_and_the_socket_its_receipt() -> None:
    cable = CableDesk().reach(C.PAYING)
    cable.wait(2.0)
    first, again = cable.sent(Payment)
    assert (first.n, first.transaction) == (again.n, again.transaction)
    socket = SocketDesk().reach(S.DELIVERING)
    socket.pay()
    assert [receipt.n for receipt in socket.sent(Receipt)] == [1, 1]
    assert socket.machine.payments == 1


def test_a_socket_that_talks_and_sends_no_receipt_is_given_up_after_sixty_seconds() -> None:
    desk = CableDesk().reach(C.PAYING)
    for _ in range(13):
        desk.wait(5.0)
        desk.say(Meter, 0)
    assert desk.machine.state is C.CALLING
    assert desk.last(Close).reason is CloseReason.PEER_SILENT
    assert ended(desk) == ["peer_silent"]


@pytest.mark.parametrize("n", [1, 2])
def test_a_request_that_is_said_again_and_again_is_no_answer_to_a_payment(n: int) -> None:
    desk = CableDesk().reach(C.PAYING)
    if n == 2:
        desk.receipt(1)
        desk.use(6_000)
        desk.request(2)
    for _ in range(59):
        desk.wait(1.0)
        desk.request(n)
    assert not desk.sent(Close)
    desk.wait(1.0)
    assert desk.machine.state is C.CALLING
    assert desk.last(Close).reason is CloseReason.PEER_SILENT


def test_a_payment_that_was_never_acknowledged_is_made_again_from_the_same_coins_and_not_a_second_time() -> None:
    desk = CableDesk().reach(C.PAYING)
    first = desk.last(Payment).transaction
    desk.wait(70.0)
    desk.offer(payee_script=OTHER_PAYEE)
    assert len({hello.session for hello in desk.sent(Hello)}) == 2
    assert [coin.value_sat for coin in desk.last(Funding).coins] == [100_000]
    # the socket did settle it: the coins are gone, and so is the trust
    desk.say(Error, ErrorCode.COIN_UNKNOWN, "")
    assert desk.machine.state is C.ENDED
    assert desk.last(Payment).transaction == first


def test_a_request_for_the_next_payment_stands_for_the_receipt_that_was_lost() -> None:
    desk = CableDesk().reach(C.PAYING)
    desk.use(6_000)
    desk.request(2)
    assert desk.last(Payment).n == 2
    assert desk.machine.credited_mwh == 8_000
    desk.receipt(1)  # sent again, and late
    assert (desk.machine.state, desk.errors()) == (C.PAYING, [])
    desk.receipt(2)
    assert desk.machine.state is C.SUPPLIED


def test_a_socket_cannot_have_two_payments_by_keeping_back_the_receipt_of_the_first() -> None:
    desk = CableDesk().reach(C.PAYING)
    desk.request(2)
    assert desk.errors() == [ErrorCode.PREMATURE]
    assert desk.machine.payments == 1


# --- crossings --------------------------------------------------------------------------------------------------


def test_a_payment_that_answers_a_repeated_request_once_more_is_not_counted_twice() -> None:
    desk = SocketDesk().reach(S.AWAITING_PAYMENT)
    desk.wait(2.0)
    assert len(desk.sent(PaymentRequest)) == 2
    desk.pay()
    desk.pay()
    desk.answer_payment()
    desk.pay()
    assert (desk.machine.state, desk.machine.payments, desk.errors()) == (S.DELIVERING, 1, [])


def test_a_payment_signed_anew_instead_of_repeated_is_known_again() -> None:
    desk = SocketDesk().reach(S.DELIVERING)
    newest = parse_transaction(desk.machine.newest)
    other = sign_transaction(parse_transaction(desk.last(PaymentRequest).transaction), desk.coins, KEYS)
    signature = other.wit.vtxinwit[0].scriptWitness.stack[0]
    other.wit.vtxinwit[0].scriptWitness.stack[0] = signature[:10] + bytes([signature[10] ^ 1]) + signature[11:]
    assert other.serialize() != newest.serialize()
    desk.say(Payment, 1, other.serialize())
    assert (desk.machine.state, desk.errors()) == (S.DELIVERING, [])
    assert desk.machine.newest == newest.serialize()


def test_an_older_payment_as_answer_to_a_request_cuts_the_power() -> None:
    desk = SocketDesk().reach(S.DELIVERING)
    first = desk.machine.newest
    desk.deliver(6_000)
    desk.pay()
    desk.answer_payment()
    desk.deliver(8_000)
    desk.say(Payment, 1, first)
    assert not desk.contact()
    assert desk.errors() == [ErrorCode.NOT_NEXT]


def test_the_same_coins_declared_again_change_nothing_and_other_coins_are_refused_once() -> None:
    desk = SocketDesk().reach(S.AWAITING_PAYMENT)
    coins = desk.machine.context.require_session().coins
    desk.fund()
    assert desk.errors() == []
    desk.fund(SocketDesk(coins=90_000).coins)
    assert desk.errors() == [ErrorCode.UNEXPECTED]
    assert (desk.machine.state, desk.machine.context.require_session().coins) == (S.AWAITING_PAYMENT, coins)


def test_a_payment_that_nobody_asked_for_is_refused_and_changes_nothing() -> None:
    for state in (S.OFFERED, S.CHECKING_COINS):
        desk = SocketDesk().reach(state)
        desk.say(Payment, 1, bytes(10))
        assert (desk.machine.state, desk.errors()) == (state, [ErrorCode.UNEXPECTED])


def test_a_cable_takes_no_harm_from_being_told_of_one_unexpected_message() -> None:
    desk = CableDesk().reach(C.SUPPLIED)
    desk.say(Error, ErrorCode.UNEXPECTED, "")
    assert desk.machine.state is C.SUPPLIED


# --- answers of the ledger that come too late -------------------------------------------------------------------


def test_the_answer_about_the_coins_of_a_session_that_was_closed_does_not_count_for_the_next() -> None:
    desk = SocketDesk().reach(S.CHECKING_COINS)
    old = desk.question()
    desk.say(Close, CloseReason.FAULT, 0, "")
    desk.hello(SESSIONS[1])
    desk.fund(SocketDesk(coins=50_000).coins)
    desk.take(desk.machine.on_coins_examined(old, None, desk.now))
    assert (desk.machine.state, desk.machine.context.late_answers) == (S.CHECKING_COINS, 1)
    desk.answer_coins(LEDGER_DOWN)
    assert (desk.machine.state, desk.errors()) == (S.IDLE, [ErrorCode.COIN_UNKNOWN])


def test_a_late_answer_about_a_payment_neither_credits_nor_refuses_anything() -> None:
    for answer in (None, LEDGER_DOWN):
        desk = SocketDesk().reach(S.CHECKING_TOP_UP)
        old = desk.question()
        desk.say(Close, CloseReason.APPLIANCE_FINISHED, 0, "")
        desk.take(desk.machine.on_payment_examined(old, answer, desk.now))
        desk.take(desk.machine.on_ledger_lost("late", desk.now, old))
        assert (desk.machine.state, desk.machine.payments) == (S.SETTLING, 1)
        desk.answer_settled()
        assert desk.last(Close).reason is CloseReason.PEER_CLOSED


def test_an_answer_counts_once() -> None:
    desk = SocketDesk().reach(S.CHECKING_PAYMENT)
    desk.answer_payment()
    desk.answer_payment(LEDGER_DOWN)
    assert (desk.machine.state, desk.contact()) == (S.DELIVERING, True)


# --- HELLO where nobody expects it ------------------------------------------------------------------------------


def test_a_past_session_id_is_refused_and_does_not_touch_the_session_that_runs() -> None:
    for state in (S.IDLE, S.OFFERED, S.CHECKING_COINS, S.DELIVERING, S.SETTLING):
        fresh = SocketDesk()
        fresh.hello(SESSIONS[5])
        fresh.say(Close, CloseReason.FAULT, 0, "")
        fresh.session = SESSIONS[6]
        fresh.reach(state)
        before = fresh.contact(), fresh.machine.payments
        effects = fresh.hello(SESSIONS[5])
        assert fresh.errors(effects) == [ErrorCode.SESSION_REUSED]
        assert fresh.sent(Error, effects)[0].session == SESSIONS[5]
        assert (fresh.machine.state, fresh.contact(), fresh.machine.payments) == (state, *before)


def test_a_cable_that_restarted_and_wants_what_the_socket_does_not_sell_is_told_under_its_new_session() -> None:
    for state in (S.OFFERED, S.CHECKING_COINS):
        desk = SocketDesk().reach(state)
        SOCKET_EVENTS[E.HELLO_UNSUITABLE](desk)
        error = desk.last(Error)
        assert (error.session, error.sequence, error.code) == (SESSIONS[9], 0, ErrorCode.UNSUITABLE)
        assert desk.machine.state is S.IDLE


def test_a_cable_that_restarts_while_its_coins_are_checked_is_offered_anew_at_another_address() -> None:
    desk = SocketDesk().reach(S.CHECKING_COINS)
    desk.hello(SESSIONS[1])
    assert [offer.session for offer in desk.sent(Offer)] == SESSIONS[:2]
    assert desk.machine.state is S.OFFERED


def test_a_repeated_hello_gets_the_same_address_again() -> None:
    payees = iter(range(1, 9))
    desk = SocketDesk()
    desk.machine.context.new_payee = lambda: b"\x00\x14" + bytes([next(payees)]) * 20
    desk.hello()
    desk.hello()
    assert len({offer.payee_script for offer in desk.sent(Offer)}) == 1
    desk.hello(SESSIONS[1])
    assert len({offer.payee_script for offer in desk.sent(Offer)}) == 2


# --- settling ---------------------------------------------------------------------------------------------------


def test_a_settlement_that_fails_is_tried_again_with_a_note_each_time_until_it_succeeds() -> None:
    desk = SocketDesk().reach(S.SETTLING)
    for attempt in range(1, 11):
        desk.answer_settled("bitcoind does not answer")
        desk.wait(2.0)
        assert len([effect for effect in desk.effects if isinstance(effect, Settle)]) == attempt + 1
        assert len([text for text in notes(desk) if "settlement failed" in text]) == attempt
    desk.answer_settled()
    assert desk.machine.state is S.IDLE
    assert desk.last(Close).txid == txid(parse_transaction(desk.effects_settled()))


def test_a_cable_that_calls_while_a_settlement_fails_is_told_why_and_served_once_it_succeeded() -> None:
    desk = SocketDesk().reach(S.SETTLING)
    effects = desk.hello(SESSIONS[1])
    assert desk.errors(effects) == []  # the first attempt takes no time to speak of
    desk.answer_settled("bitcoind does not answer")
    assert desk.errors(desk.hello(SESSIONS[1])) == [ErrorCode.LEDGER_UNAVAILABLE]
    desk.wait(2.0)
    desk.answer_settled()
    desk.hello(SESSIONS[1])
    assert desk.machine.state is S.OFFERED


def test_a_lost_settlement_is_not_told_as_the_transaction_that_settled() -> None:
    desk = SocketDesk().reach(S.DELIVERING)
    SOCKET_EVENTS[E.CONFLICT_SEEN](desk)
    desk.answer_settled("missing-inputs", lost=True)
    assert desk.last(Close).txid == ""
    assert "settlement lost: missing-inputs" in notes(desk)


# --- the end ----------------------------------------------------------------------------------------------------


def test_a_close_is_answered_with_close_in_every_state_with_a_session() -> None:
    for state in set(S) - {S.IDLE, S.SETTLING}:
        desk = SocketDesk().reach(state)
        desk.say(Close, CloseReason.APPLIANCE_FINISHED, 0, "")
        if desk.machine.state is S.SETTLING:
            desk.answer_settled()
        assert desk.last(Close).reason is CloseReason.PEER_CLOSED
        assert (desk.machine.state, desk.contact()) == (S.IDLE, False)


def test_a_second_close_does_not_change_the_reason_of_the_first() -> None:
    desk = SocketDesk().reach(S.DELIVERING)
    SOCKET_EVENTS[E.CONFLICT_SEEN](desk)
    desk.say(Close, CloseReason.REFUSED, 0, "")
    desk.answer_settled("missing-inputs", lost=True)
    assert ended(desk) == ["refused"]


def test_the_socket_tells_why_the_power_ended() -> None:
    spent, limit = SocketDesk().reach(S.DELIVERING), SocketDesk()
    spent.deliver(8_000)
    limit.hello()
    limit.fund(most=1)
    for step in (limit.answer_coins, limit.pay, limit.answer_payment):
        step()
    limit.deliver(8_000)
    exhausted = SocketDesk(coins=15_000).reach(S.DELIVERING)
    exhausted.deliver(7_000)
    exhausted.deliver(1_000)
    for desk, reason in ((spent, "credit_spent"), (limit, "limit_reached"), (exhausted, "funds_exhausted")):
        assert not desk.contact()
        desk.answer_settled()
        assert ended(desk) == [reason]


def test_a_cable_that_does_not_top_up_keeps_its_power_until_its_credit_ends() -> None:
    desk = SocketDesk().reach(S.AWAITING_TOP_UP)
    for _ in range(30):
        desk.wait(5.0)
        desk.say(Meter, 6_000)
    assert (desk.machine.state, desk.contact()) == (S.AWAITING_TOP_UP, True)
    desk.deliver(2_000)
    assert not desk.contact()


def test_a_cable_that_talks_and_never_pays_at_all_is_given_up_after_sixty_seconds() -> None:
    desk = SocketDesk().reach(S.AWAITING_PAYMENT)
    for _ in range(13):
        desk.wait(5.0)
        desk.say(Meter, 0)
    assert desk.machine.state is S.IDLE
    assert desk.last(Close).reason is CloseReason.PEER_SILENT


def test_a_message_of_an_unknown_session_is_told_so_and_ends_a_cable_however_far_it_has_counted() -> None:
    socket, cable = SocketDesk(), CableDesk().reach(C.SUPPLIED)
    socket.say(Meter, 0, session=cable.session)
    error = socket.last(Error)
    assert (error.code, error.sequence) == (ErrorCode.UNKNOWN_SESSION, 0)
    cable.tell(error)
    assert cable.machine.state is C.ENDED


def test_no_error_answers_an_error_or_a_close() -> None:
    desk = SocketDesk()
    desk.say(Error, ErrorCode.OVERPAID, "")
    desk.say(Close, CloseReason.REFUSED, 0, "")
    assert desk.effects == []


SOCKET_REFUSALS = {
    S.IDLE: [E.HELLO_UNSUITABLE],
    S.OFFERED: [E.HELLO_UNSUITABLE, E.FUNDING_REFUSED],
    S.CHECKING_COINS: [E.COINS_BAD, E.LEDGER_LOST],
    S.AWAITING_PAYMENT: [E.PAYMENT_INVALID, E.LEDGER_LOST],
    S.CHECKING_PAYMENT: [E.LEDGER_LOST],
    S.DELIVERING: [E.CONFLICT_SEEN, E.LEDGER_LOST],
    S.AWAITING_TOP_UP: [E.PAYMENT_INVALID, E.CONFLICT_SEEN, E.LEDGER_LOST],
    S.CHECKING_TOP_UP: [E.CONFLICT_SEEN, E.LEDGER_LOST],
}


def test_the_socket_tells_every_refusal_once() -> None:
    for state, events in SOCKET_REFUSALS.items():
        for event in events:
            desk = SocketDesk().reach(state)
            SOCKET_EVENTS[event](desk)
            SOCKET_EVENTS[event](desk)
            told = [error for error in desk.errors() if error not in {ErrorCode.UNKNOWN_SESSION}]
            if event is E.HELLO_UNSUITABLE:
                told = told[:1]  # the second HELLO is another question, and has its own answer
            assert len(told) == 1, (state, event, told)


def test_the_cable_tells_every_refusal_once() -> None:
    for state in (C.CALLING, C.FUNDED, C.PAYING, C.SUPPLIED):
        for event, play in CABLE_EVENTS.items():
            desk = CableDesk().reach(state)
            desk.taken.clear()
            play(desk)
            play(desk)
            refused = [key for key in desk.taken if "refused" in key[1].value or "overclaimed" in key[1].value]
            assert len(desk.errors()) == len(refused), (state, event)


# --- ends of the ranges -----------------------------------------------------------------------------------------


def test_the_sequence_stays_at_its_last_number_and_the_session_ends_in_silence() -> None:
    socket, cable = SocketDesk().reach(S.DELIVERING), CableDesk().reach(C.SUPPLIED)
    socket.machine.context.require_session().sequence = LAST_SEQUENCE - 1
    cable.machine.context.require_session().sequence = LAST_SEQUENCE - 1
    socket.wait(3.0)
    assert [meter.sequence for meter in socket.sent(Meter)] == [LAST_SEQUENCE] * 3
    cable.wait(30.0)
    assert [meter.sequence for meter in cable.sent(Meter)] == [LAST_SEQUENCE] * 3
    for _ in range(25):
        cable.tell(Meter(cable.session, LAST_SEQUENCE, 0))
        cable.wait(3.0)
    assert cable.machine.state is C.ENDED
    assert ended(cable) == ["peer_silent"]


def test_a_meter_beyond_what_a_message_can_tell_stops_no_session() -> None:
    desk = SocketDesk(tariff_sat_per_wh=1, quantum_sat=4_000_000, coins=50_000_000).reach(S.DELIVERING)
    desk.deliver(MOST_ENERGY_MWH + 5)
    desk.answer_settled()
    assert desk.last(Close).energy_mwh == MOST_ENERGY_MWH


def test_a_cable_without_coins_declines_and_calls_again_later() -> None:
    desk = CableDesk(coins=()).reach(C.CALLING)
    desk.offer()
    assert (desk.machine.state, desk.errors()) == (C.CALLING, [ErrorCode.FUNDS_EXHAUSTED])
    desk.wait(10.0)
    assert len({hello.session for hello in desk.sent(Hello)}) == 2


@pytest.mark.parametrize("role", ["socket", "cable"])
def test_a_side_that_talks_for_days_writes_its_count_down_before_a_restart_would_fall_behind_it(role: str) -> None:
    desk = SocketDesk().reach(SocketState.DELIVERING) if role == "socket" else CableDesk().reach(CableState.SUPPLIED)
    session = desk.machine.context.session
    assert session is not None
    session.sequence += 32_700
    written: list[int] = []
    for _ in range(100):
        desk.say(Meter, 0)  # a sign of life: the silence of the peer is not what this is about
        written += [effect.record.sequence for effect in desk.wait(10.0) if isinstance(effect, Remember)]
    assert len(written) == 1
    assert session.sequence - written[0] < 32_768


def kept_first(desk: CableDesk) -> str:
    """Return the transaction that made the coins which the cable will declare next."""
    (kept,) = [effect for effect in desk.effects if isinstance(effect, KeepCoins)]
    return kept.candidates[0][0].outpoint.txid


def test_a_request_for_the_next_payment_says_that_the_last_one_was_taken_also_if_it_is_refused() -> None:
    desk = CableDesk().reach(C.PAYING)
    desk.use(6_000)
    desk.request(2, more=1)
    assert desk.machine.state is C.ENDED
    assert kept_first(desk) == txid(parse_transaction(desk.last(Payment).transaction))


def test_coins_that_are_gone_when_they_pay_end_the_session_for_good_whatever_other_sets_are_kept() -> None:
    desk = CableDesk()
    desk.machine.restore([tuple(desk.coins), (coin_of(50_000, 2),)], None)
    desk.reach(C.PAYING)
    desk.say(Error, ErrorCode.COIN_UNKNOWN, "")
    assert desk.machine.state is C.ENDED


def test_what_sessions_took_is_held_against_the_payment_of_the_last_one_that_signed_any() -> None:
    desk = CableDesk().reach(C.SUPPLIED)
    desk.use(500)
    desk.say(Close, CloseReason.FAULT, 0, "")
    desk.wait(10.0)
    desk.peer_sequence = 0
    desk.offer(quantum_sat=5_000)
    desk.say(Close, CloseReason.FAULT, 0, "")  # 7.4 Wh of 8 are lost: more than one payment of this session would buy
    assert desk.machine.state is C.CALLING
