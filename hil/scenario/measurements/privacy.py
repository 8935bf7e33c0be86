"""What must not be seen twice, or at all: addresses, nonces of signatures, secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bitcoin.wallet import CBitcoinSecret
from embit.bip32 import HDKey

from hil.errors import HilError
from hil.evidence.documents import encode
from hil.evidence.observations import Counted
from hil.protocol.payment.account import ACCOUNT_PATH, CHANGE, RECEIVE
from hil.protocol.payment.transactions import parse_transaction
from hil.protocol.wire.messages import Funding, Offer
from hil.scenario.setups.common import account_seed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hil.scenario.observer import Observer

KEYS = 8
"""Keys of each chain of an account that are looked for; a scenario uses fewer."""


def repeated_addresses(observer: Observer) -> Counted:
    """Receiving scripts that were offered in more than one session."""
    by_session = {offer.session: offer.payee_script for _, offer in observer.messages(Offer)}
    if not by_session:
        raise observer.no_evidence("no offer passed on the line")
    return Counted(_repeated(by_session.values()))


def repeated_change(observer: Observer) -> Counted:
    """Change scripts that were declared in more than one session."""
    by_session = {funding.session: funding.change_script for _, funding in observer.messages(Funding)}
    if not by_session:
        raise observer.no_evidence("no coins were declared on the line")
    return Counted(_repeated(by_session.values()))


def repeated_nonces(observer: Observer) -> Counted:
    """Values r that more than one signature has: two of them under one key would give the key away."""
    signed = {payment.transaction for payment in observer.signed_payments()}
    nonces = [nonce for raw in signed for nonce in _nonces(raw)]
    if not nonces:
        raise observer.no_evidence("nothing was signed")
    return Counted(_repeated(nonces))


def secrets_told(observer: Observer, device: str) -> Counted:
    """Occurrences of the account's seed, or of one of its private keys in hex or WIF, in all that was recorded."""
    text = b"\n".join(encode(event.canonical()) for event in observer.recorder.events).decode().lower()
    return Counted(sum(text.count(secret) for secret in _secrets(account_seed(observer.seed, device))))


def _secrets(seed: bytes) -> Iterator[str]:
    yield seed.hex()
    account = HDKey.from_seed(seed).derive(ACCOUNT_PATH)
    for chain in (RECEIVE, CHANGE):
        for index in range(KEYS):
            secret = account.derive([chain, index]).key.secret
            yield secret.hex()
            yield str(CBitcoinSecret.from_secret_bytes(secret)).lower()


def _nonces(raw: bytes) -> Iterator[bytes]:
    """Yield the r of each signature in a payment; what is no transaction, or has no signature there, has none."""
    try:
        transaction = parse_transaction(raw)
    except HilError:
        return
    for number, txin in enumerate(transaction.vin):
        stack = transaction.wit.vtxinwit[number].scriptWitness.stack if transaction.wit.vtxinwit else ()
        signature = bytes(stack[0]) if stack else bytes(txin.scriptSig)[1:]
        # DER: 30 length 02 length r ...
        if signature[:1] == b"\x30" and len(signature) > 4:
            yield signature[4 : 4 + signature[3]]


def _repeated(values: Iterable[bytes]) -> int:
    listed = list(values)
    return len(listed) - len(set(listed))
