"""Cable and socket as a pair, in memory."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from hil.endpoints.common import EndpointHooks
from hil.links.abuses.simple import DemandMore, DivertChange, PayStranger, Underpay, WithholdPayment
from hil.protocol.cable.table import CableState
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.payment.transactions import parse_transaction, txid
from hil.protocol.policy import CableLimits, Mode, Policy, SocketTerms
from hil.protocol.socket.table import SocketState
from hil.protocol.wire.messages import Close, Error, Message, Payment, Receipt
from hil.tests.protocol.pair import CABLE, CHANGE, MemoryLedger, Pair

KEYS = {CABLE.p2wpkh_script: CABLE, CABLE.p2pkh_script: CABLE, CHANGE.p2wpkh_script: CHANGE}


def toast(mode: Mode = Mode.SINGLE_FEE, **options: object) -> Pair:
    return Pair(terms=SocketTerms(mode=mode), limits=CableLimits(max_payments=5), **options)  # type: ignore[arg-type]


def errors_sent(sent: list[Message]) -> list[ErrorCode]:
    return [message.code for message in sent if isinstance(message, Error)]


def recording() -> tuple[list[Message], EndpointHooks]:
    sent: list[Message] = []

    def record(message: Message) -> tuple[Message]:
        sent.append(message)
        return (message,)

    return sent, EndpointHooks(before_sending=record)


def test_a_slice_of_bread_takes_five_payments_and_one_transaction_in_single_fee_mode() -> None:
    pair = toast()
    pair.plug_and_run(150)
    assert pair.energy_wh == pytest.approx(40, abs=0.02)
    assert len(pair.ledger.sent) == 1
    assert parse_transaction(pair.ledger.sent[0]).vout[0].nValue == 50_000
    assert pair.socket.machine.state is SocketState.IDLE
    assert pair.cable.machine.state is CableState.ENDED


def test_a_slice_of_bread_takes_five_transactions_in_per_payment_mode() -> None:
    pair = toast(Mode.PER_PAYMENT)
    pair.plug_and_run(150)
    assert pair.energy_wh == pytest.approx(40, abs=0.02)
    assert [parse_transaction(sent).vout[0].nValue for sent in pair.ledger.sent] == [10_000] * 5


@pytest.mark.parametrize("mode", [Mode.SINGLE_FEE, Mode.PER_PAYMENT])
def test_power_flows_without_interruption_from_the_first_payment_to_the_last_credit(mode: Mode) -> None:
    pair = toast(mode)
    pair.plug_and_run(150)
    assert [closed for _, closed in pair.switched] == [True, False]


def test_p2pkh_coins_toast_as_well() -> None:
    pair = toast(Mode.PER_PAYMENT, script=CABLE.p2pkh_script)
    pair.plug_and_run(150)
    assert pair.energy_wh == pytest.approx(40, abs=0.02)


def test_several_small_coins_pay_together() -> None:
    pair = toast(coin_values=(30_000, 30_000))
    pair.plug_and_run(150)
    assert len(parse_transaction(pair.ledger.sent[0]).vin) == 2


@pytest.mark.parametrize(
    "abuse",
    [
        lambda pair: Underpay(1, 3, pair.coins, KEYS, CHANGE.p2wpkh_script),
        lambda pair: Underpay(5_000, 3, pair.coins, KEYS, CHANGE.p2wpkh_script),
        lambda pair: PayStranger(3, pair.coins, KEYS, CHANGE.p2wpkh_script),
    ],
)
@pytest.mark.parametrize("mode", [Mode.SINGLE_FEE, Mode.PER_PAYMENT])
def test_socket_opens_at_once_on_a_wrong_payment_and_broadcasts_the_newest_valid_one(mode: Mode, abuse: object) -> None:
    pair = toast(mode)
    cheat = abuse(pair)  # type: ignore[operator]
    struck: list[float] = []
    cheat.on_strike = lambda: struck.append(pair.now)
    pair.cable.hooks.before_sending = cheat.before_sending
    pair.plug_and_run(150)
    assert pair.switched[-1] == (struck[0], False)
    paid = sum(parse_transaction(sent).vout[0].nValue for sent in pair.ledger.sent)
    assert paid == 20_000


def test_socket_opens_when_the_credit_ends_if_no_payment_comes() -> None:
    pair = toast()
    pair.cable.hooks.before_sending = WithholdPayment(3).before_sending
    pair.plug_and_run(50)
    assert 16 <= pair.energy_wh <= 16 + Policy().unpaid_energy_mwh / 1000
    assert parse_transaction(pair.ledger.sent[0]).vout[0].nValue == 20_000


def test_no_power_flows_to_a_cable_that_never_pays() -> None:
    pair = toast()
    pair.cable.hooks.before_sending = WithholdPayment(1).before_sending
    pair.plug_and_run(65)
    assert pair.energy_wh == 0
    assert not any(closed for _, closed in pair.switched)
    assert pair.socket.machine.state is SocketState.IDLE


@pytest.mark.parametrize(
    ("abuse", "code"), [(DemandMore(1, 2), ErrorCode.OVERPAID), (DivertChange(2), ErrorCode.CHANGE_DIVERTED)]
)
def test_cable_does_not_sign_what_a_cheating_socket_proposes(abuse: DemandMore | DivertChange, code: ErrorCode) -> None:
    sent, hooks = recording()
    pair = toast(cable_hooks=hooks)
    pair.socket.hooks.before_sending = abuse.before_sending
    pair.plug_and_run(60)
    assert errors_sent(sent) == [code]
    assert pair.cable.machine.state is CableState.ENDED
    assert parse_transaction(pair.ledger.sent[0]).vout[0].nValue == 10_000


def test_socket_opens_when_another_spend_of_the_coins_appears() -> None:
    pair = toast()
    pair.plug_and_run(10)
    assert pair.closed
    pair.ledger.conflicting = "ab" * 32
    pair.run(10.5)
    assert not pair.closed


def test_a_socket_without_a_watch_of_its_own_looks_for_a_conflict_with_each_reading_of_its_meter() -> None:
    asked: list[float] = []

    class Asked(MemoryLedger):
        def conflict(self, transaction: bytes) -> str | None:
            asked.append(pair.now)
            return super().conflict(transaction)

    pair = toast(metering_s=1.0, watch_s=None, make_ledger=Asked)
    pair.plug_and_run(15.0)
    assert len(asked) >= 10
    assert {round(later - earlier, 6) for earlier, later in itertools.pairwise(asked)} == {1.0}


def test_socket_sells_nothing_for_unconfirmed_coins() -> None:
    pair = toast()
    pair.ledger.confirmations = 0
    pair.plug_and_run(30)
    assert pair.energy_wh == 0


def test_a_silent_cable_is_given_up_after_sixty_seconds() -> None:
    pair = toast(power_w=10.0)
    pair.plug_and_run(5)
    assert pair.closed
    pair.cable.hooks.before_sending = lambda message: ()
    pair.run(75)
    assert not pair.closed
    assert pair.socket.machine.state is SocketState.IDLE


def test_a_repeated_request_is_answered_with_the_same_payment() -> None:
    pair = toast()
    lost: list[Message] = []

    def lose_first_payment(message: Message) -> tuple[Message, ...]:
        if type(message).__name__ == "Payment" and not lost:
            lost.append(message)
            return ()
        return (message,)

    pair.cable.hooks.before_sending = lose_first_payment
    pair.plug_and_run(150)
    assert pair.energy_wh == pytest.approx(40, abs=0.02)


def test_an_appliance_that_stops_drawing_ends_the_session_in_order() -> None:
    pair = Pair()
    pair.plug_and_run(30)
    pair.power_w = 0.0
    pair.run(60)
    assert not pair.closed
    assert len(pair.ledger.sent) == 1
    assert pair.cable.machine.state is CableState.ENDED


def test_a_cable_without_enough_money_gets_what_it_paid_for_and_the_session_closes() -> None:
    pair = toast(coin_values=(25_000,))
    pair.plug_and_run(150)
    assert pair.energy_wh == pytest.approx(16, abs=0.02)
    assert parse_transaction(pair.ledger.sent[0]).vout[0].nValue == 20_000


def test_a_socket_that_overclaims_energy_loses_its_customer() -> None:
    sent, hooks = recording()
    pair = toast(cable_meter_gain=0.9, cable_hooks=hooks)
    pair.plug_and_run(60)
    assert errors_sent(sent) == [ErrorCode.ENERGY_OVERCLAIMED]
    assert not pair.closed


def test_a_dear_offer_is_refused_and_tried_again_later() -> None:
    sent, hooks = recording()
    pair = Pair(terms=dataclasses.replace(SocketTerms(), tariff_sat_per_wh=5000), cable_hooks=hooks)
    pair.plug_and_run(25)
    assert errors_sent(sent) == [ErrorCode.TARIFF_TOO_HIGH] * 3
    assert pair.energy_wh == 0


def test_noise_on_the_line_changes_nothing() -> None:
    pair = toast()
    pair.cable.plug(0.0)
    pair.to_socket.insert(0, b"\x00\x07garbage\x00")
    pair.run(150)
    assert pair.energy_wh == pytest.approx(40, abs=0.02)
    assert pair.socket.machine.context.bad_frames >= 1


@pytest.mark.parametrize("mode", list(Mode))
def test_a_socket_that_takes_a_payment_and_names_it_in_close_gets_no_second_one_for_nothing(mode: Mode) -> None:
    def take(message: Message) -> tuple[Message]:
        if not isinstance(message, Receipt):
            return (message,)
        settles = txid(parse_transaction(pair.socket.machine.newest))
        return (Close(message.session, message.sequence, CloseReason.PEER_RESTARTED, 0, settles),)

    said, listening = recording()
    pair = toast(mode, power_w=0.0, socket_hooks=EndpointHooks(before_sending=take), cable_hooks=listening)
    pair.plug_and_run(120)
    assert len({(each.session, each.n) for each in said if isinstance(each, Payment)}) == 1
    assert pair.cable.machine.state is CableState.ENDED
