"""What is measured after an attack on the ledger: how soon the socket noticed, and what it lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bitcoin.core import CTransaction

from hil.errors import AuthorError
from hil.evidence.documents import Kind
from hil.evidence.timing import ZERO_POWER_W, EvidenceMissing, Interval, instant, power_lost, power_readings
from hil.protocol.codes import ErrorCode
from hil.protocol.messages import Error, Offer
from hil.scenario.measurements.energy_and_timing import delivered, take

if TYPE_CHECKING:
    from hil.evidence.documents import Event
    from hil.evidence.limits import Measurement
    from hil.scenario.scenario import Trial

LOOK_S = 1.0
AFTERMATH_S = 2.0


def attack_to_report(trial: Trial, code: str, measurement: Measurement) -> None:
    """From the newest attack to the first ERROR with this code from the socket after it."""
    if code not in ErrorCode.__members__:
        raise AuthorError(f"'{code}' is no error code of the protocol", remedy="See SPEC.md, Error codes.")
    trial.declare(measurement)
    trial.sleep(_watch_s(measurement))

    def find() -> Interval:
        began = _attacks(trial)[-1]
        for frame, error in trial.messages(Error, "to cable"):
            if error.code is ErrorCode[code] and frame.t >= began.t:
                return instant(frame.event).since(instant(began))
        return _not_until(trial.clock.now(), began)

    take(trial, measurement, find)


def attack_to_cut(trial: Trial, measurement: Measurement) -> None:
    """From the newest attack to zero power."""
    trial.declare(measurement)
    trial.sleep(_watch_s(measurement))

    def find() -> Interval:
        attack = _attacks(trial)[-1]
        readings = power_readings(trial.recorder.events)
        if readings and readings[-1][1] >= ZERO_POWER_W:
            return _not_until(readings[-1][0].t, attack)
        began = instant(attack)
        return power_lost(trial.recorder.events, began.early).since(began)

    take(trial, measurement, find)


def attack_to_console(trial: Trial, device: str, words: str, measurement: Measurement) -> None:
    """From the newest attack to the first line after it on the device's console that holds ``words``."""
    trial.declare(measurement)
    trial.sleep(_watch_s(measurement))

    def find() -> Interval:
        began = _attacks(trial)[-1]
        for event in trial.recorder.events:
            said = event.kind is Kind.CONSOLE and event.source == f"{device}-console" and event.t >= began.t
            if said and words in str(event.data["text"]):
                return instant(event).since(instant(began))
        return _not_until(trial.clock.now(), began)

    take(trial, measurement, find)


def loss(trial: Trial, measurement: Measurement) -> None:
    """Satoshi: the energy at the lab meter at the offered tariff, less what confirmed transactions pay for it."""
    trial.declare(measurement)
    trial.mine()

    def find() -> Interval:
        offers = [offer for _, offer in trial.messages(Offer)]
        if not offers:
            raise EvidenceMissing("no offer passed on the line")
        payees = {offer.payee_script for offer in offers}
        paid = sum(
            output.nValue
            for transaction in trial.payments_on_ledger()
            if transaction.confirmations
            # not parse_transaction: what others hang on a payment may be larger than the protocol's transactions
            for output in CTransaction.deserialize(transaction.raw).vout
            if bytes(output.scriptPubKey) in payees
        )
        energy, price = delivered(trial), offers[-1].tariff_sat_per_wh
        return Interval(energy.early * price - paid, energy.late * price - paid)

    take(trial, measurement, find)


def relief_to_ledger(trial: Trial, measurement: Measurement) -> None:
    """From the newest event on the ledger until the newest valid transaction is in the mempool or a block."""
    trial.declare(measurement)
    raw = trial.newest_valid_payment().transaction
    most = _watch_s(measurement)

    def find() -> Interval:
        relief = _attacks(trial)[-1]
        before = trial.clock.now()
        while not any(each.raw == raw for each in trial.payments_on_ledger()):
            before = trial.clock.now()
            if before - relief.t > most:
                return _not_until(before, relief)
            trial.sleep(LOOK_S)
        return Interval(before, trial.clock.now()).since(instant(relief))

    take(trial, measurement, find)


def _watch_s(measurement: Measurement) -> float:
    """Return for how long to look: beyond the limit, so that what has not come by then has missed it."""
    return (measurement.limit.high or 0.0) + AFTERMATH_S


def _not_until(now: float, attack: Event) -> Interval:
    """It has not happened yet: the least that it can still take."""
    return Interval(now, now).since(instant(attack))


def _attacks(trial: Trial) -> list[Event]:
    found = [event for event in trial.recorder.events if event.kind is Kind.FAULT and event.data.get("who") == "ledger"]
    if not found:
        raise EvidenceMissing("nothing befell the ledger")
    return found
