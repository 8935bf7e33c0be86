"""What must not be seen twice, or at all: addresses, nonces of signatures, secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hil.evidence.documents import encode
from hil.evidence.observations import Counted
from hil.judge.invariants.secrets import Patterns
from hil.judge.messages import Funding, Offer
from hil.judge.transactions import NoTransaction, parse
from hil.scenario.setups.common import account_seed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hil.scenario.observer import Observer


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
    """Occurrences of the seed, keys or words of its account, in any usual encoding, in all that was recorded."""
    text = b"\n".join(encode(event.canonical()) for event in observer.recorder.events)
    return Counted(len(Patterns(account_seed(observer.seed, device)).found_in(text)))


def _nonces(raw: bytes) -> Iterator[bytes]:
    """Yield the r of each signature in a payment; what is no transaction, or has no signature there, has none."""
    try:
        transaction = parse(raw)
    except NoTransaction:
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
