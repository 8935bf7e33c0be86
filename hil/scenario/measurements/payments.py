"""What is measured of payments: on the line by their messages, on the ledger by their transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.evidence.limits import Measurement
from hil.evidence.timing import EvidenceMissing, Interval, instant
from hil.links.abuse_model import STRANGER_SCRIPT
from hil.protocol.codes import ErrorCode
from hil.protocol.messages import Error, Offer, Payment, PaymentRequest, Receipt
from hil.protocol.transactions import parse_transaction
from hil.rig.recorder import sent_by
from hil.scenario.measurements.energy_and_timing import exactly, take

if TYPE_CHECKING:
    from hil.scenario.scenario import Trial


def sessions(trial: Trial, measurement: Measurement) -> None:
    """Number of different sessions for which an OFFER passed on the line."""
    trial.declare(measurement)
    take(trial, measurement, lambda: exactly(len({offer.session for _, offer in trial.messages(Offer)})))


def boot_to_payment(trial: Trial, measurement: Measurement) -> None:
    """From closing the supply of the device under test to the receipt of the first payment."""
    trial.declare(measurement)

    def find() -> Interval:
        receipts = trial.messages(Receipt)
        if trial.powered_on is None or not receipts:
            raise EvidenceMissing("no payment was accepted")
        return instant(receipts[0][0].event).since(instant(trial.powered_on))

    take(trial, measurement, find)


def accepted(trial: Trial, measurement: Measurement) -> None:
    """Number of the newest payment with a receipt."""
    trial.declare(measurement)
    take(trial, measurement, lambda: exactly(trial.accepted_payments()))


def signed(trial: Trial, measurement: Measurement) -> None:
    """Number of different payments that passed on the line."""
    trial.declare(measurement)
    take(trial, measurement, lambda: exactly(len({payment.n for _, payment in trial.messages(Payment)})))


def asked(trial: Trial, measurement: Measurement) -> None:
    """Number of different payments that were requested on the line."""
    trial.declare(measurement)
    take(trial, measurement, lambda: exactly(len({request.n for _, request in trial.messages(PaymentRequest)})))


def paid(trial: Trial, measurement: Measurement) -> None:
    """Satoshi that the accepted payments pay to the offered payee: the newest in single-fee mode, else their sum."""
    trial.declare(measurement)

    def find() -> Interval:
        newest = {payment.n: payment for _, payment in trial.messages(Payment)}
        amounts = [_paid_to(_payee(trial), newest[n].transaction) for n in range(1, trial.accepted_payments() + 1)]
        return exactly(amounts[-1] if trial.plan.mode == "single-fee" else sum(amounts))

    take(trial, measurement, find)


def settled(trial: Trial, measurement: Measurement) -> None:
    """Confirmed transactions of the session; each must pay a fee above zero."""
    trial.declare(measurement)
    trial.mine()
    transactions = trial.payments_on_ledger()
    for transaction in transactions:
        trial.record_transaction(transaction, "confirmed" if transaction.confirmations else "seen")
    confirmed = [each for each in transactions if each.confirmations >= 1 and each.fee > 0]
    take(trial, measurement, lambda: exactly(len(confirmed)))


def newest_confirms(trial: Trial, measurement: Measurement) -> None:
    """Confirmations, after one more block, of the transaction of the newest payment with a receipt."""
    trial.declare(measurement)

    def find() -> Interval:
        raw = trial.newest_valid_payment().transaction
        in_mempool = [each for each in trial.payments_on_ledger() if each.raw == raw]
        if not in_mempool:
            raise EvidenceMissing("the newest valid transaction is not on the ledger")
        trial.record_transaction(in_mempool[0], "broadcast")
        trial.mine()
        mined = trial.rig.ledger.transaction(in_mempool[0].txid)
        if mined is None:
            return exactly(0)
        trial.record_transaction(mined, "confirmed")
        return exactly(mined.confirmations)

    take(trial, measurement, find)


def received(trial: Trial, measurement: Measurement) -> None:
    """Satoshi that confirmed transactions pay to the payees that were offered, one for each session."""
    trial.declare(measurement)

    def find() -> Interval:
        payees = {offer.payee_script for _, offer in trial.messages(Offer)}
        if not payees:
            raise EvidenceMissing("no offer passed on the line")
        confirmed = [each for each in trial.payments_on_ledger() if each.confirmations >= 1]
        return exactly(sum(_paid_to(payee, each.raw) for each in confirmed for payee in payees))

    take(trial, measurement, find)


def stranger_received(trial: Trial, measurement: Measurement) -> None:
    """Satoshi that transactions over the cable's coins pay to the one script that is neither side's."""
    trial.declare(measurement)
    trial.mine()
    take(trial, measurement, lambda: exactly(sum(_paid_to(STRANGER_SCRIPT, e.raw) for e in trial.payments_on_ledger())))


def reported(trial: Trial, device: str, code: str, measurement: Measurement) -> None:
    """ERROR messages with this code from a device under test."""
    if code not in ErrorCode.__members__:
        raise AuthorError(f"'{code}' is no error code of the protocol", remedy="See SPEC.md, Error codes.")
    if device not in trial.devices_under_test():
        raise AuthorError(f"the {device} is not under test in this scenario")
    trial.declare(measurement)
    errors = trial.messages(Error, sent_by(device))
    take(trial, measurement, lambda: exactly(sum(error.code is ErrorCode[code] for _, error in errors)))


def _payee(trial: Trial) -> bytes:
    offers = trial.messages(Offer)
    if not offers:
        raise EvidenceMissing("no offer passed on the line")
    return offers[-1][1].payee_script


def _paid_to(script: bytes, raw: bytes) -> int:
    return sum(output.nValue for output in parse_transaction(raw).vout if bytes(output.scriptPubKey) == script)
