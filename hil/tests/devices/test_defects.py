"""Each seeded defect does what its name says, and a device without it does not."""

from __future__ import annotations

import hashlib
from typing import TypeVar

import pytest
from embit.util import secp256k1

from hil.devices.defects import key_type_of
from hil.protocol.codes import CloseReason
from hil.protocol.payment.signing import Key
from hil.protocol.payment.transactions import parse_transaction
from hil.protocol.wire.framing import FrameDecoder
from hil.protocol.wire.messages import Funding, Message, Offer, Payment, Receipt, decode_message
from hil.tests.devices.device_pair import SEEDS, DevicePair
from hil.tests.devices.firmware.test_self_check import reasons

ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
"""Of secp256k1 (SEC 2)."""


M = TypeVar("M", bound=Message)


def said(pair: DevicePair, kind: type[M]) -> list[tuple[float, M]]:
    """Return when messages of a kind were sent, and what they were, oldest first."""
    found: list[tuple[float, M]] = []
    for at, _, frame in pair.sent:
        (payload,) = FrameDecoder().feed(frame)
        assert isinstance(payload, bytes)
        message = decode_message(payload)
        found += [(at, message)] if isinstance(message, kind) else []
    return found


def made(device: str, *defects: str, **profile: object) -> DevicePair:
    """Return a pair of which one device has these defects."""
    defective = {"defects": list(defects), **profile}
    return DevicePair(socket=defective) if device == "socket" else DevicePair(cable=defective)


def closed_at(pair: DevicePair) -> list[float]:
    """Run for 5 s; return when the contact was seen closed."""
    seen: list[float] = []
    pair.check = lambda: seen.append(pair.now) if pair.closed else None
    pair.start().run(5.0)
    return seen


def test_a_socket_closes_its_contact_when_the_session_begins_and_an_honest_one_when_it_was_paid() -> None:
    for defects, before in ((["closes-before-payment"], True), ([], False)):
        pair = made("socket", *defects)
        first = closed_at(pair)[0]
        assert (first < said(pair, Receipt)[0][0]) is before
        assert (first == said(pair, Offer)[0][0]) is before
        assert pair.closed


def test_a_socket_that_closed_before_payment_sells_on_and_settles_in_order() -> None:
    pair = made("socket", "closes-before-payment", max_payments=2)
    pair.start().run(60.0)
    assert reasons(pair)[0] is CloseReason.LIMIT_REACHED
    assert len(pair.ledger.sent) >= 1


def test_a_socket_offers_one_address_in_all_sessions_and_an_honest_one_another_in_each() -> None:
    for defects, addresses in ((["offers-one-address"], 1), ([], 2)):
        pair = made("socket", *defects).start()
        pair.run(5.0)
        pair.socket.program.on_plug(False, pair.now)
        pair.run_for(40.0)
        offers = {offer.session: offer.payee_script for _, offer in said(pair, Offer)}
        assert len(offers) >= 2
        assert len(set(list(offers.values())[:2])) == addresses


def test_a_cable_declares_one_change_address_after_each_start_and_an_honest_one_another() -> None:
    for defects, addresses in ((["declares-one-change"], 1), ([], 2)):
        pair = made("cable", *defects, max_payments=1).start()
        pair.run(40.0)
        pair.cable.supply(False)
        pair.cable.supply(True)
        pair.run_for(40.0)
        declared = {funding.session: funding.change_script for _, funding in said(pair, Funding)}
        assert len(declared) >= 2
        assert len(set(declared.values())) == addresses


def test_a_socket_that_abandons_the_unplugged_cuts_the_power_and_broadcasts_nothing() -> None:
    for defects, settled in ((["abandons-the-unplugged"], 0), ([], 1)):
        pair = made("socket", *defects).start()
        pair.run(5.0)
        pair.socket.program.on_plug(False, pair.now)
        assert not pair.closed
        pair.run_for(60.0)
        assert len(pair.ledger.sent) == settled
        assert reasons(pair)[0] is CloseReason.UNPLUGGED


def test_a_socket_that_abandons_the_unplugged_settles_what_ends_otherwise() -> None:
    pair = made("socket", "abandons-the-unplugged", max_payments=1).start()
    pair.run(60.0)
    assert len(pair.ledger.sent) >= 1


@pytest.mark.parametrize("device", ["socket", "cable"])
def test_a_device_that_tells_its_seed_says_it_on_its_console_and_an_honest_one_does_not(device: str) -> None:
    for defects, times in ((["tells-its-seed"], 1), ([], 0)):
        pair = made(device, *defects).start()
        pair.run(5.0)
        assert pair.devices[device].console.count(SEEDS[device].hex()) == times


def test_a_cable_that_signs_with_one_nonce_is_paid_with_and_has_the_same_r_in_each_signature() -> None:
    for defects, different in ((["signs-with-one-nonce"], 1), ([], 2)):
        pair = made("cable", *defects, max_payments=2).start()
        pair.run(60.0)
        payments = {payment.transaction for _, payment in said(pair, Payment)}
        witnesses = [parse_transaction(raw).wit.vtxinwit[0].scriptWitness.stack[0] for raw in payments]
        assert len(witnesses) == 2
        assert len({bytes(der)[4 : 4 + der[3]] for der in witnesses}) == different
        assert len(said(pair, Receipt)) >= 2


def test_two_signatures_with_one_nonce_are_valid_and_give_the_key_away() -> None:
    secret = hashlib.sha256(b"a key").digest()
    key = key_type_of(["signs-with-one-nonce"])(secret)
    digests = [hashlib.sha256(text).digest() for text in (b"one", b"two")]
    signatures = [key.sign(digest) for digest in digests]
    public = secp256k1.ec_pubkey_parse(key.public)
    parsed = [secp256k1.ecdsa_signature_parse_der(der) for der in signatures]
    assert all(secp256k1.ecdsa_verify(each, digest, public) for each, digest in zip(parsed, digests, strict=True))

    r = int.from_bytes(signatures[0][4 : 4 + signatures[0][3]])
    s1, s2 = (int.from_bytes(der[6 + der[3] :]) for der in signatures)
    z1, z2 = map(int.from_bytes, digests)
    # low S may have turned the sign of either
    found = set()
    for sign in (1, -1):
        nonce = (z1 - z2) * pow(s1 - sign * s2, -1, ORDER)
        found.add((s1 * nonce - z1) * pow(r, -1, ORDER) % ORDER)
    assert int.from_bytes(secret) in found


def test_a_device_without_that_defect_signs_as_the_protocol_says() -> None:
    assert key_type_of([]) is Key
