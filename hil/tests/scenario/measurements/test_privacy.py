"""What must not be seen twice, or at all, on made timelines."""

from __future__ import annotations

import dataclasses

import pytest
from bitcoin.core import CMutableTransaction, CTransaction, CTxWitness
from bitcoin.core.script import CScript
from bitcoin.wallet import CBitcoinSecret
from embit.bip32 import HDKey

from hil.evidence.documents import Kind
from hil.evidence.observations import Counted, EvidenceMissing
from hil.protocol.payment.account import ACCOUNT_PATH, CHANGE, RECEIVE
from hil.protocol.payment.transactions import txid
from hil.protocol.policy import Mode
from hil.protocol.wire.messages import Message, Payment
from hil.scenario.measurements import privacy
from hil.scenario.setups.common import account_seed
from hil.tests.protocol.samples import with_signature
from hil.tests.scenario.sessions import Session, signed
from hil.tests.scenario.timelines import Scene

S, P = Session(), Session(mode=Mode.PER_PAYMENT)


def seen(*messages: Message) -> Scene:
    scene = Scene(metered=False)
    scene.from_socket(1.0, *messages)
    return scene.run(2.0)


def test_an_address_that_is_offered_in_two_sessions_is_found_and_one_said_twice_in_its_own_is_not() -> None:
    again = dataclasses.replace(Session(2).offer(), payee_script=S.payee)
    assert privacy.repeated_addresses(seen(S.offer(), S.offer(), Session(2).offer()).observer) == Counted(0)
    assert privacy.repeated_addresses(seen(S.offer(), again, Session(3).offer()).observer) == Counted(1)


def test_a_change_address_that_is_declared_in_two_sessions_is_found() -> None:
    other = dataclasses.replace(Session(2).funding(), change_script=b"\x00\x14" + b"\x01" * 20)
    assert privacy.repeated_change(seen(S.funding(), S.funding(), other).observer) == Counted(0)
    assert privacy.repeated_change(seen(S.funding(), Session(2).funding()).observer) == Counted(1)


def test_what_never_passed_on_the_line_cannot_be_judged() -> None:
    for measure, why in (
        (privacy.repeated_addresses, "no offer passed on the line"),
        (privacy.repeated_change, "no coins were declared on the line"),
        (privacy.repeated_nonces, "nothing was signed"),
    ):
        with pytest.raises(EvidenceMissing) as caught:
            measure(seen().observer)
        assert caught.value.what == why


def test_a_nonce_that_two_signatures_share_is_found_and_a_payment_said_twice_shares_none() -> None:
    assert privacy.repeated_nonces(seen(S.payment(1), S.payment(1), S.payment(2)).observer) == Counted(0)
    first = bytes(signed(S, 1).wit.vtxinwit[0].scriptWitness.stack[0])
    r_length = first[3]

    def with_its_r(signature: bytes) -> bytes:
        s_part = signature[4 + signature[3] :]
        body = first[2 : 4 + r_length] + s_part[:-1]
        return bytes([0x30, len(body)]) + body + signature[-1:]

    shared = Payment(S.id, 2, 2, with_signature(signed(S, 2), 0, with_its_r).serialize())
    assert privacy.repeated_nonces(seen(S.payment(1), shared).observer) == Counted(1)


def with_signatures(*signatures: bytes) -> Scene:
    """Payments of which each has one of these for its signature."""

    def made(signature: bytes) -> bytes:
        return bytes(with_signature(signed(S, 1), 0, lambda _: signature).serialize())

    return seen(*(Payment(S.id, n, n, made(each)) for n, each in enumerate(signatures, start=1)))


def der(r: bytes, s: bytes = b"\x01") -> bytes:
    body = bytes([2, len(r)]) + r + bytes([2, len(s)]) + s
    return bytes([0x30, len(body)]) + body + b"\x01"


@pytest.mark.parametrize(
    ("one", "other", "repeated"),
    [
        (der(b"\x01\x05\x06"), der(b"\x01\x05\x06", b"\x02"), 1),
        (der(b"\x01\x05\x06"), der(b"\x02\x05\x06"), 0),
        (der(b"\x01\x05\x06"), der(b"\x01\x05\x07"), 0),
        (der(b"\x01\x05\x06"), der(b"\x01\x05"), 0),
        (b"\x30\x03\x02\x01\x07", b"\x30\x03\x02\x01\x07\x01", 1),
    ],
)
def test_a_nonce_is_all_of_r_and_nothing_but_r(one: bytes, other: bytes, repeated: int) -> None:
    assert privacy.repeated_nonces(with_signatures(one, other).observer) == Counted(repeated)


@pytest.mark.parametrize("signature", [b"\x31" + der(b"\x01\x05\x06")[1:], b"\x30\x02\x02\x00", b""])
def test_what_is_no_signature_has_no_nonce(signature: bytes) -> None:
    with pytest.raises(EvidenceMissing, match="nothing was signed"):
        privacy.repeated_nonces(with_signatures(signature).observer)


def test_a_signature_in_the_script_of_an_input_has_a_nonce_too() -> None:
    def legacy(n: int) -> Payment:
        signature = der(b"\x01\x05\x06", bytes([n]))
        made = CMutableTransaction.from_tx(signed(S, 1))
        made.wit = CTxWitness()
        made.vin[0].scriptSig = CScript(bytes([len(signature)]) + signature)
        return Payment(S.id, n, n, CTransaction.from_tx(made).serialize())

    assert privacy.repeated_nonces(seen(legacy(1), legacy(2)).observer) == Counted(1)


def test_payments_without_signatures_or_that_are_none_have_no_nonces() -> None:
    garbage = Payment(S.id, 9, 9, b"\x00" * 40)
    with pytest.raises(EvidenceMissing, match="nothing was signed"):
        privacy.repeated_nonces(seen(S.unsigned(1), garbage).observer)
    assert privacy.repeated_nonces(seen(garbage, S.unsigned(3), S.payment(1)).observer) == Counted(0)


def test_secrets_of_the_devices_account_are_found_wherever_they_were_recorded() -> None:
    seed = account_seed("made", "socket")
    account = HDKey.from_seed(seed).derive(ACCOUNT_PATH)
    change, receive = (account.derive([chain, index]).key.secret for chain, index in ((CHANGE, 7), (RECEIVE, 0)))
    scene = seen(S.offer())
    assert privacy.secrets_told(scene.observer, "socket") == Counted(0)
    told = [seed.hex().upper(), change.hex(), str(CBitcoinSecret.from_secret_bytes(receive)), "nothing"]
    for number, secret in enumerate(told):
        scene.recorder.observe(Kind.CONSOLE, "socket-console", {"text": f"debug {secret}"})
        assert privacy.secrets_told(scene.observer, "socket") == Counted(min(number + 1, 3))
    assert privacy.secrets_told(scene.observer, "cable") == Counted(0)


def test_transactions_have_the_ids_that_the_ledger_knows_them_by() -> None:
    assert txid(signed(P, 1)) != txid(signed(P, 2))
