"""What recorder and ledger tell of a scenario: who owes a message, what was paid, what passed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from bitcoin.core import CMutableTransaction, CMutableTxIn, CMutableTxOut, COutPoint, CTransaction, lx
from bitcoin.core.script import CScript

from hil.errors import AuthorError
from hil.evidence.documents import Kind
from hil.evidence.observations import DeviceIdle, EvidenceMissing
from hil.judge import messages as judge
from hil.protocol.codes import ErrorCode
from hil.protocol.payment.coins import OutPoint
from hil.protocol.payment.signing import sign_transaction
from hil.protocol.payment.transactions import parse_transaction, txid
from hil.protocol.policy import Mode
from hil.protocol.wire.messages import Message, Payment
from hil.scenario.observer import Observer
from hil.tests.scenario.sessions import CABLE, CHANGE, GIVEN, KEYS, QUANTUM_SAT, Session, proposed, signed
from hil.tests.scenario.timelines import CABLE_UNDER_TEST, PAIR, SOCKET_UNDER_TEST, Scene

S, OTHER, P = Session(), Session(2), Session(mode=Mode.PER_PAYMENT)


def quiet(setup: str = SOCKET_UNDER_TEST) -> Scene:
    return Scene(metered=False, setup=setup)


def observed(*said: tuple[float, str, Message], until: float = 10.0, setup: str = SOCKET_UNDER_TEST) -> Observer:
    """Let the ``socket`` and the ``cable`` say things at their seconds, and look at ``until``."""
    scene = quiet(setup)
    for second, device, message in said:
        (scene.from_socket if device == "socket" else scene.from_cable)(second, message)
    return scene.run(until).observer


# --- who is under test ----------------------------------------------------------------------------------------------


def test_the_set_up_tells_which_devices_are_under_test() -> None:
    assert observed(setup=SOCKET_UNDER_TEST).devices_under_test() == ("socket",)
    assert observed(setup=CABLE_UNDER_TEST).devices_under_test() == ("cable",)
    assert observed(setup=PAIR).devices_under_test() == ("socket", "cable")


def test_the_device_under_test_is_one_and_of_a_pair_the_author_must_choose() -> None:
    assert observed(setup=CABLE_UNDER_TEST).the_device_under_test() == "cable"
    with pytest.raises(AuthorError) as caught:
        observed(setup=PAIR).the_device_under_test()
    assert caught.value.what == "socket and cable are both under test in this scenario"
    assert caught.value.remedy == "Put one of them alone."


def test_nothing_can_be_said_of_a_device_that_the_bench_plays() -> None:
    observed(setup=PAIR).refuse_played("cable")
    observed(setup=SOCKET_UNDER_TEST).refuse_played("socket")
    with pytest.raises(AuthorError, match=r"^the cable is not under test in this scenario$"):
        observed(setup=SOCKET_UNDER_TEST).refuse_played("cable")


# --- messages -------------------------------------------------------------------------------------------------------


def test_messages_are_told_by_kind_and_way_also_those_that_did_not_arrive() -> None:
    scene = quiet()
    scene.from_socket(1.0, S.meter(1))
    scene.from_cable(2.0, S.meter(2))
    scene.from_socket(3.0, S.meter(3), lost=True)
    scene.from_socket(4.0, S.offer())
    observer = scene.run(5.0).observer
    assert [each.energy_mwh for _, each in observer.messages(judge.Meter)] == [1, 2, 3]
    assert [each.energy_mwh for _, each in observer.messages(judge.Meter, "to cable")] == [1, 3]
    assert [frame.t for frame, _ in observer.messages(judge.Meter, "to socket")] == [2.0]


def test_a_number_of_messages_has_passed_when_the_last_of_them_went_that_way() -> None:
    observer = observed((1.0, "cable", S.payment(1)), (2.0, "cable", S.payment(2)), (3.0, "socket", S.receipt(1)))
    assert observer.has_passed("PAYMENT", "to the socket", 2)
    assert not observer.has_passed("PAYMENT", "to the socket", 3)
    assert not observer.has_passed("PAYMENT", "to the cable", 1)
    assert observer.has_passed("RECEIPT", "to the cable", 1)
    assert not observer.has_passed("RECEIPT", "to the socket", 1)
    assert not observer.has_passed("METER", "to the cable", 1)


def test_power_below_the_meters_threshold_is_none() -> None:
    scene = quiet()
    assert scene.observer.off_w == float(scene.meter.off_threshold_w)


# --- payments -------------------------------------------------------------------------------------------------------


def test_a_payment_that_the_link_lost_was_not_accepted_and_a_receipt_that_it_lost_was_given() -> None:
    scene = quiet()
    scene.from_socket(0.1, S.offer())
    scene.from_cable(1.0, S.payment(1), lost=True)
    scene.from_socket(1.5, S.receipt(1))
    assert scene.run(2.0).observer.accepted() == []
    scene.from_cable(3.0, S.payment(1))
    scene.from_socket(4.0, S.receipt(1), lost=True)
    assert [each.t for each in scene.run(5.0).observer.accepted()] == [4.0]


def test_a_payment_over_coins_that_the_cable_was_not_given_pays_nothing() -> None:
    scene = quiet()
    scene.observer.coins = []
    scene.from_socket(0.1, S.offer())
    scene.from_cable(1.0, S.payment(1))
    scene.from_socket(1.5, S.receipt(1))
    assert [each.paid_sat for each in scene.run(2.0).observer.accepted()] == [0]


def test_the_first_acceptance_is_the_first_receipt_of_a_payment_that_pays() -> None:
    observer = observed(
        (0.1, "socket", S.offer()),
        (1.0, "cable", S.forged(1)),
        (2.0, "socket", S.receipt(1)),
        (3.0, "cable", S.payment(2)),
        (4.0, "socket", S.receipt(1)),
        (5.0, "socket", S.receipt(2)),
        (6.0, "socket", S.receipt(2)),
    )
    first = observer.first_acceptance()
    assert first is not None
    assert first.t == 5.0
    assert observed((0.1, "socket", S.offer()), (2.0, "socket", S.receipt(1))).first_acceptance() is None


def test_one_satoshi_to_the_payee_is_a_payment() -> None:
    made = CMutableTransaction.from_tx(proposed(S, 1))
    made.vout = [CMutableTxOut(1, CScript(S.payee))]
    penny = Payment(S.id, 1, 1, sign_transaction(CTransaction.from_tx(made), [GIVEN], KEYS).serialize())
    first = observed((0.1, "socket", S.offer()), (1.0, "cable", penny), (2.0, "socket", S.receipt(1)))
    assert first.first_acceptance() is not None


def test_a_receipt_that_the_cable_sends_accepts_nothing() -> None:
    scene = quiet()
    scene.from_socket(0.1, S.offer())
    scene.from_cable(1.0, S.payment(1), S.receipt(1))
    assert scene.run(2.0).observer.first_acceptance() is None


def test_the_newest_payment_with_a_receipt_counts_whatever_receipts_there_are_besides() -> None:
    said: list[tuple[float, str, Message]] = [(1.0, "cable", S.payment(1)), (1.1, "cable", S.payment(2))]
    assert observed(*said).accepted_payments() == 0
    said += [(2.0, "socket", S.receipt(2)), (2.1, "socket", S.receipt(1))]
    assert observed(*said).accepted_payments() == 2
    said += [(3.0, "socket", S.receipt(3)), (3.1, "socket", OTHER.receipt(2)), (3.2, "socket", OTHER.receipt(9))]
    assert observed(*said).accepted_payments() == 2
    assert [each.n for each in observed(*said).signed_payments()] == [1, 2]


def test_the_newest_valid_payment_is_that_of_the_last_receipt() -> None:
    said: list[tuple[float, str, Message]] = [(0.1, "socket", S.offer())]
    for n in (1, 2, 3):
        said += [(float(n), "cable", S.payment(n)), (n + 0.5, "socket", S.receipt(n))]
    assert observed(*said).newest_valid_payment().n == 3
    with pytest.raises(EvidenceMissing, match=r"^no payment was accepted in this scenario$"):
        observed().newest_valid_payment()


def test_credit_is_what_was_paid_for_by_an_instant_and_at_it() -> None:
    observer = observed(
        (0.1, "socket", S.offer()),
        (1.0, "cable", S.payment(1)),
        (1.5, "socket", S.receipt(1)),
        (2.0, "cable", S.payment(2)),
        (2.5, "socket", S.receipt(2)),
    )
    assert observer.credited_wh() == 8.0
    assert observer.credited_wh(2.5) == 8.0
    assert observer.credited_wh(2.4) == 4.0
    assert observer.credited_wh(1.4) == 0.0


# --- whose turn it is -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", [S.hello(), S.funding(), S.payment(1)])
def test_a_socket_is_idle_two_seconds_after_a_question_that_it_did_not_answer(question: Message) -> None:
    assert not observed((1.0, "cable", question), until=2.9).is_idle()
    assert observed((1.0, "cable", question), until=3.0).is_idle()


@pytest.mark.parametrize("question", [S.offer(), S.request(1)])
def test_a_cable_is_idle_two_seconds_after_a_question_that_it_did_not_answer(question: Message) -> None:
    called = (0.5, "cable", S.hello())
    assert not observed(called, (1.0, "socket", question), until=2.9, setup=CABLE_UNDER_TEST).is_idle()
    assert observed(called, (1.0, "socket", question), until=3.0, setup=CABLE_UNDER_TEST).is_idle()


def test_a_device_that_spoke_after_the_question_is_not_idle_and_one_that_spoke_before_is() -> None:
    assert not observed((1.0, "cable", S.hello()), (1.5, "socket", S.offer())).is_idle()
    assert observed((0.5, "socket", S.meter(1)), (1.0, "cable", S.payment(1))).is_idle()
    assert observed((1.0, "socket", S.meter(1)), (1.0, "cable", S.payment(1)), until=3.0).is_idle()


def test_a_device_that_never_spoke_is_idle_however_early_it_was_asked() -> None:
    assert observed((0.0, "cable", S.hello()), until=2.0).is_idle()


def test_a_question_counts_from_the_first_time_that_it_was_asked() -> None:
    assert observed((1.0, "cable", S.hello()), (2.9, "cable", S.hello()), until=3.0).is_idle()


def test_a_message_that_is_no_question_needs_no_answer() -> None:
    assert not observed((1.0, "cable", S.meter(1)), (1.1, "cable", S.close())).is_idle()
    assert not observed().is_idle()


def test_a_question_that_the_link_lost_needs_no_answer() -> None:
    scene = quiet()
    scene.from_cable(1.0, S.payment(1), lost=True)
    assert not scene.run(9.0).observer.is_idle()


def test_a_cable_owes_the_first_hello_and_a_socket_none() -> None:
    assert observed(setup=CABLE_UNDER_TEST).is_idle()
    assert observed(setup=PAIR).is_idle()
    assert not observed((1.0, "cable", S.hello()), setup=CABLE_UNDER_TEST).is_idle()


def test_of_a_pair_either_device_can_be_idle() -> None:
    said: list[tuple[float, str, Message]] = [(1.0, "cable", S.hello()), (1.1, "socket", S.offer())]
    assert observed(*said, setup=PAIR).is_idle()
    said += [(1.2, "cable", S.funding())]
    assert observed(*said, setup=PAIR).is_idle()
    said += [(1.3, "socket", S.error(ErrorCode.CONFLICT))]
    assert not observed(*said, setup=PAIR).is_idle()


def test_what_is_missing_is_held_against_the_device_whose_turn_it_was_and_no_other() -> None:
    idle = observed((1.0, "cable", S.payment(1))).no_evidence("nothing came")
    assert isinstance(idle, DeviceIdle)
    assert idle.what == "nothing came"
    unseen = observed().no_evidence("nothing came")
    assert isinstance(unseen, EvidenceMissing)
    assert unseen.what == "nothing came"


# --- the end --------------------------------------------------------------------------------------------------------


def test_a_session_is_closed_by_its_socket_only() -> None:
    offered = (0.1, "socket", S.offer())
    assert not observed(offered).session_closed()
    assert not observed().session_closed()
    assert not observed(offered, (1.0, "cable", S.close())).session_closed()
    assert observed(offered, (1.0, "socket", S.close())).session_closed()
    assert observed((1.0, "socket", S.close())).session_closed()


def test_a_session_that_was_offered_after_the_close_of_another_is_not_closed() -> None:
    said: list[tuple[float, str, Message]] = [(0.1, "socket", S.offer()), (1.0, "socket", S.close())]
    said += [(2.0, "socket", OTHER.offer())]
    assert not observed(*said).session_closed()
    assert observed(*said, (3.0, "socket", OTHER.close())).session_closed()


# --- the ledger -----------------------------------------------------------------------------------------------------


def spending(identity: str, index: int) -> bytes:
    """Return a transaction that spends an output of another one."""
    made = CMutableTransaction(
        [CMutableTxIn(COutPoint(lx(identity), index))], [CMutableTxOut(1, CScript(CHANGE.p2wpkh_script))]
    )
    return bytes(made.serialize())


def on_ledger(scene: Scene, *raws: bytes) -> Sequence[str]:
    """Put transactions on the ledger; return the ids of those that are the cable's."""
    for raw in raws:
        scene.ledger.take(raw)
    return [each.txid for each in scene.observer.payments_on_ledger()]


def test_the_cables_transactions_are_those_that_spend_its_coins_or_the_change_of_one_that_does() -> None:
    chain = [bytes(signed(P, n).serialize()) for n in (1, 2, 3)]
    ids = [txid(signed(P, n)) for n in (1, 2, 3)]
    assert on_ledger(quiet(), *reversed(chain)) == ids
    assert on_ledger(quiet(), chain[1], chain[2]) == []


def test_a_cable_that_pays_itself_has_the_transactions_that_spend_that_too() -> None:
    made = CMutableTransaction.from_tx(proposed(S, 1))
    made.vout = [CMutableTxOut(GIVEN.value - 1000, CScript(CABLE.p2wpkh_script))]
    double = CTransaction.from_tx(made)
    after = spending(txid(double), 0)
    assert on_ledger(quiet(), double.serialize(), after) == [txid(double), txid(parse_transaction(after))]


def test_transactions_of_others_are_not_the_cables() -> None:
    assert on_ledger(quiet(), spending("77" * 32, 0)) == []
    assert str(GIVEN.outpoint) == str(OutPoint("01" * 32, 0))


def test_the_miner_finds_one_block_unless_more_are_asked_for() -> None:
    scene = quiet()
    scene.ledger.take(signed(S, 1).serialize())
    scene.observer.mine()
    assert scene.observer.payments_on_ledger()[0].confirmations == 1
    scene.observer.mine(3)
    assert scene.observer.payments_on_ledger()[0].confirmations == 4


def test_a_transaction_is_recorded_with_all_that_a_reader_needs() -> None:
    scene = quiet()
    raw = signed(S, 1).serialize()
    scene.observer.record_transaction(scene.ledger.take(raw, fee_sat=1410), "broadcast")
    (event,) = scene.recorder.events
    assert (event.kind, event.source) == (Kind.TRANSACTION, "ledger")
    assert event.data == {
        "txid": txid(signed(S, 1)),
        "event": "broadcast",
        "fee_sat": 1410,
        "payment_sat": QUANTUM_SAT,
        "change_sat": signed(S, 1).vout[1].nValue,
        "confirmations": 0,
        "raw": raw.hex(),
    }


def test_a_transaction_without_change_is_recorded_without_it() -> None:
    scene = quiet()
    scene.observer.record_transaction(scene.ledger.take(spending("77" * 32, 0)), "seen")
    (event,) = scene.recorder.events
    assert event.data["payment_sat"] == 1
    assert "change_sat" not in event.data
