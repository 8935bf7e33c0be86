"""Somebody on the line: what he changes stays well-formed, and what he invents is taken for the other side's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hil.errors import AuthorError
from hil.links.abuses.forgery import (
    ALTERATIONS,
    FAR_AHEAD,
    INVENTIONS,
    OVERCLAIM_MWH,
    STRANGE_SESSION,
    altered,
    invented,
)
from hil.links.abuses.model import STRANGER_SCRIPT
from hil.links.faults import FaultKind, FaultRule
from hil.protocol.payment.transactions import parse_transaction
from hil.protocol.policy import Mode, Network
from hil.protocol.wire.framing import encode_frame
from hil.protocol.wire.messages import (
    PROTOCOL_VERSION,
    Close,
    Funding,
    Hello,
    Message,
    Meter,
    Offer,
    Payment,
    PaymentRequest,
    Receipt,
    decode_message,
    encode_message,
)
from hil.tests.judged import judged
from hil.tests.links.device_reader import FrameReader
from hil.tests.links.test_tap import FRAMES, MESSAGES, SESSION, Joined

VECTORS = Path(__file__).parents[4] / "fixtures/data/vectors"


def vectors(name: str) -> list[dict[str, str]]:
    cases: list[dict[str, str]] = json.loads((VECTORS / f"{name}.json").read_text())[name]
    return cases


HONEST = [decode_message(bytes.fromhex(each["bytes"])) for each in vectors("messages")]
SIGNED = bytes.fromhex(vectors("transactions")[0]["signed"])


def frame(message: Message) -> bytes:
    return encode_frame(encode_message(message))


def message(data: bytes) -> Message:
    ((item, _),) = FrameReader().feed(data)
    assert isinstance(item, Message)
    return item


def one(kind: type[Message]) -> Message:
    found = next(each for each in HONEST if type(each) is kind)
    return replace(found, transaction=SIGNED) if isinstance(found, Payment | PaymentRequest) else found


@pytest.mark.parametrize(
    ("what", "kind"), [(what, kind) for what, (_, kinds) in ALTERATIONS.items() for kind in sorted(kinds, key=str)]
)
def test_an_altered_message_is_well_formed_and_differs(what: str, kind: type[Message]) -> None:
    honest = one(kind)
    forged = message(altered(frame(honest), what))
    assert type(forged) is kind
    assert forged != honest
    assert (forged.session, forged.sequence) == (honest.session, honest.sequence)


@pytest.mark.parametrize(("what", "output"), [("payee", 0), ("change", 1)])
def test_of_a_signed_payment_only_the_script_is_changed_and_the_signatures_stay(what: str, output: int) -> None:
    forged = message(altered(frame(one(Payment)), what))
    assert isinstance(forged, Payment)
    before, after = parse_transaction(SIGNED), parse_transaction(forged.transaction)
    assert bytes(after.vout[output].scriptPubKey) == STRANGER_SCRIPT
    assert after.vout[1 - output] == before.vout[1 - output]
    assert [each.nValue for each in after.vout] == [each.nValue for each in before.vout]
    assert (after.vin, after.wit) == (before.vin, before.wit)


def test_scripts_of_offer_and_funding_are_his() -> None:
    offer, funding = message(altered(frame(one(Offer)), "payee")), message(altered(frame(one(Funding)), "change"))
    assert isinstance(offer, Offer)
    assert offer.payee_script == STRANGER_SCRIPT
    assert isinstance(funding, Funding)
    assert funding.change_script == STRANGER_SCRIPT


def test_a_meter_claims_5_wh_more_and_a_receipt_credits_half() -> None:
    assert message(altered(frame(Meter(SESSION, 1, 100)), "energy")) == Meter(SESSION, 1, 100 + OVERCLAIM_MWH)
    assert message(altered(frame(Receipt(SESSION, 1, 1, 8000)), "energy")) == Receipt(SESSION, 1, 1, 4000)


@pytest.mark.parametrize("data", [frame(Meter(SESSION, 1, 100)), b"\x05noise\x00", b"no end", encode_frame(b"\xff")])
def test_what_holds_nothing_to_alter_passes_as_it_is(data: bytes) -> None:
    assert altered(data, "payee") == data


@pytest.mark.parametrize("what", INVENTIONS)
def test_an_invented_message_is_well_formed(what: str) -> None:
    invention = message(invented(what, SESSION, 9))
    assert invention.session == (STRANGE_SESSION if what in {"HELLO", "HELLO of another network"} else SESSION)


def test_an_altered_message_counts_as_lost_for_the_evidence_and_the_receiver_gets_the_forgery() -> None:
    link = Joined(FaultRule(FaultKind.ALTER, "to cable", "RECEIPT", count=1, forgery="energy"))
    for each in FRAMES:
        link.socket.say(each)
    assert link.received() == [MESSAGES[0], Receipt(SESSION, 2, 1, 4000), MESSAGES[2]]
    assert link.lost() == [judged(MESSAGES[1])]
    assert link.faults == [("to cable", "RECEIPT", FaultKind.ALTER)]


def test_an_invention_follows_its_message_and_speaks_with_the_next_number_of_the_side_that_it_imitates() -> None:
    link = Joined(FaultRule(FaultKind.INVENT, "to cable", "RECEIPT", count=1, forgery="CLOSE", forged_to="to cable"))
    for each in FRAMES:
        link.socket.say(each)
    close = link.received()[2]
    assert isinstance(close, Close)
    assert (close.session, close.sequence) == (SESSION, 3)
    assert [type(each) for each in link.received()] == [Meter, Receipt, Close, Meter]
    assert link.states[0][1].startswith("CLOSE forged to the cable: ")


def test_an_invention_towards_the_other_side_goes_there_only() -> None:
    rule = FaultRule(FaultKind.INVENT, "to cable", "RECEIPT", count=1, forgery="METER far ahead", forged_to="to socket")
    link = Joined(rule)
    link.cable.say(frame(Hello(SESSION, 7, PROTOCOL_VERSION, (Mode.SINGLE_FEE,), Network.REGTEST)))
    for each in FRAMES:
        link.socket.say(each)
    assert link.received() == MESSAGES
    items = [item for item, _ in FrameReader().feed(link.socket.data)]
    assert items[1] == Meter(SESSION, 8 + FAR_AHEAD, 0)


def test_nobody_can_speak_in_a_session_that_he_has_not_heard_of() -> None:
    with pytest.raises(AuthorError, match="nobody has said anything yet"):
        Joined().tap.forge("CLOSE", "to socket")


def test_what_was_said_before_can_be_said_again_as_the_newest_of_its_sender() -> None:
    link = Joined()
    for each in FRAMES:
        link.socket.say(each)
    link.tap.say_again(judged(MESSAGES[1]), FRAMES[1], "to cable")
    assert link.received()[-1] == replace(MESSAGES[1], sequence=4)
    assert [what for _, what in link.states] == ["RECEIPT said again to the cable"]


def test_he_may_speak_at_any_time_after_a_message_that_passed_without_a_rule() -> None:
    link = Joined()
    link.socket.say(FRAMES[0])
    link.tap.forge("CLOSE", "to cable")
    assert [(type(each), each.sequence) for each in link.received()] == [(Meter, 1), (Close, 2)]
