"""What is measured of payments: on the line by their messages, on the ledger by their transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bitcoin.core import CTransaction

from hil.errors import AuthorError, nearest
from hil.evidence.event_intervals import instant
from hil.evidence.observations import Counted, Sampled, Timed
from hil.judge.codes import ErrorCode, Mode
from hil.judge.messages import Error, Offer, Payment, PaymentRequest
from hil.links.abuses.model import STRANGER_SCRIPT
from hil.rig.recorder import sent_by
from hil.scenario.measurements import lab

if TYPE_CHECKING:
    from hil.scenario.observer import Observer


def sessions(observer: Observer) -> Counted:
    """Number of different sessions for which an OFFER passed on the line."""
    return Counted(len({offer.session for _, offer in observer.messages(Offer)}))


def newest_receipt(observer: Observer) -> str:
    """Tell when the newest payment got its first receipt; empty without one."""
    accepted = observer.accepted()
    return f"the newest RECEIPT is for payment {accepted[-1].n}, at {accepted[-1].t:.3f} s" if accepted else ""


def signed_in_order(observer: Observer) -> str:
    """Tell which payments the cable signed, and in which of its sessions."""
    sessions, told = list[bytes](), dict[tuple[int, int], str]()
    for frame, payment in observer.messages(Payment, "to socket"):
        if payment.session not in sessions:
            sessions.append(payment.session)
        key = sessions.index(payment.session) + 1, payment.n
        told.setdefault(key, f"payment {key[1]} of session {key[0]} at {frame.t:.3f} s")
    return f"the cable signed {', then '.join(told.values())}" if told else ""


def boot_to_payment(observer: Observer, limit_s: float) -> Timed:
    """From closing the supply of the device under test to the receipt of the first payment; open without one.

    Without one it is watched until the limit is over.
    """
    if observer.powered_on is None:
        raise observer.no_evidence("the devices were not switched on")
    return lab.first_acceptance(observer, instant(observer.powered_on), limit_s)


def accepted(observer: Observer) -> Counted:
    """Number of the newest payment that passed on the line and has a receipt."""
    return Counted(observer.accepted_payments())


def signed(observer: Observer) -> Counted:
    """Number of different payments that passed on the line."""
    return Counted(len({payment.n for _, payment in observer.messages(Payment)}))


def asked(observer: Observer) -> Counted:
    """Number of different payments that were requested on the line."""
    return Counted(len({request.n for _, request in observer.messages(PaymentRequest)}))


def paid(observer: Observer) -> Counted:
    """Satoshi that the accepted payments pay to the offered payee: the newest in single-fee mode, else their sum."""
    newest = {payment.n: payment.paid_sat for payment in observer.accepted()}
    amounts = [newest.get(n, 0) for n in range(1, observer.accepted_payments() + 1)]
    return Counted(sum(amounts) if observer.plan.mode != Mode.SINGLE_FEE.label else amounts[-1] if amounts else 0)


def settled(observer: Observer) -> Counted:
    """Confirmed transactions of the session after one more block, of which each pays a fee above zero."""
    observer.mine()
    transactions = observer.payments_on_ledger()
    for transaction in transactions:
        observer.record_transaction(transaction, "confirmed" if transaction.confirmations else "seen")
    return Counted(sum(each.confirmations >= 1 and each.fee > 0 for each in transactions))


def newest_confirms(observer: Observer) -> Counted:
    """Confirmations, after one more block, of the transaction of the newest accepted payment; 0 off the ledger."""
    raw = observer.newest_valid_payment().transaction
    seen = [each for each in observer.payments_on_ledger() if each.raw == raw]
    if not seen:
        return Counted(0)
    observer.record_transaction(seen[0], "broadcast")
    observer.mine()
    mined = observer.rig.ledger.transaction(seen[0].txid)
    if mined is None:
        return Counted(0)
    observer.record_transaction(mined, "confirmed")
    return Counted(mined.confirmations)


def received(observer: Observer) -> Counted:
    """Satoshi that confirmed transactions pay to the payees that were offered, one for each session."""
    return Counted(received_sat(observer))


def received_sat(observer: Observer) -> int:
    """Return the same as a number; raises as :meth:`Observer.no_evidence` does without an offer."""
    payees = {offer.payee_script for _, offer in observer.messages(Offer)}
    if not payees:
        raise observer.no_evidence("no offer passed on the line")
    return sum(paid_to(payees, each.raw) for each in observer.payments_on_ledger() if each.confirmations >= 1)


def stranger_received(observer: Observer) -> Counted:
    """Satoshi that transactions over the cable's coins pay to the one script that is neither side's."""
    observer.mine()
    return Counted(sum(paid_to({STRANGER_SCRIPT}, each.raw) for each in observer.payments_on_ledger()))


def loss(observer: Observer) -> Sampled:
    """Satoshi: the energy at the lab meter at the offered tariff, less what confirmed transactions pay for it."""
    observer.mine()
    earned = received_sat(observer)
    price = observer.messages(Offer)[-1][1].tariff_sat_per_wh
    energy = lab.delivered(observer)
    return Sampled(energy.low * price - earned, energy.high * price - earned, energy.covers)


def reported(observer: Observer, device: str, code: str) -> Counted:
    """ERROR messages with this code from a device."""
    errors = observer.messages(Error, sent_by(device))
    return Counted(sum(error.code is ErrorCode[code] for _, error in errors))


def refuse_unknown_code(code: str) -> None:
    """Raise AuthorError for a name that is no error code of the protocol."""
    if code not in ErrorCode.__members__:
        raise AuthorError(
            f"'{code}' is no error code of the protocol{nearest(code, ErrorCode.__members__)}",
            remedy="hil steps --types error_code lists them.",
        )


def paid_to(scripts: set[bytes], raw: bytes) -> int:
    """Return the satoshi that a transaction pays to ``scripts``."""
    # not parse of the judge: what others hang on a payment may be larger than the protocol's transactions
    outputs = CTransaction.deserialize(raw).vout
    return sum(int(output.nValue) for output in outputs if bytes(output.scriptPubKey) in scripts)
