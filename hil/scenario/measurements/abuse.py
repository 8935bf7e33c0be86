"""How the device under test took an abuse: its answer, the time of it, and the loss, against the catalogue."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from hil.errors import AuthorError, DeadlineExceeded
from hil.evidence.documents import Kind, Verdict
from hil.evidence.limits import Finding, Limit, Measurement, Rule
from hil.evidence.timing import EvidenceMissing, Interval, instant, power_lost
from hil.links.abuse_catalogue import AbuseRow, Must
from hil.protocol.messages import Close, Error, Funding, Offer, Payment, Receipt
from hil.protocol.transactions import parse_transaction
from hil.rig.recorder import sent_by
from hil.scenario.measurements import energy_and_timing as measuring

if TYPE_CHECKING:
    from hil.evidence.documents import Event
    from hil.rig.recorder import Frame
    from hil.scenario.scenario import Trial

T = TypeVar("T")

GRACE_S = 2.0
"""An answer that is late is waited for this much longer, so that the report says by how much."""

BOOT_S = 120.0
"""Longest that a device may take before it hears anything."""


def row_of(trial: Trial, device: str) -> AbuseRow:
    """Return the row that the counterpart carries out; AuthorError if there is none, or another device answers."""
    plan = trial.plan.abuse
    if plan is None or plan.row is None:
        raise AuthorError("no abuse of the catalogue in this scenario", remedy="Write 'Given the cable will …'.")
    if plan.row.device != device:
        raise AuthorError(f"it is the {plan.row.device} that answers '{plan.row.id}', not the {device}")
    return plan.row


def struck(trial: Trial) -> bool:
    """Tell whether the counterpart has cheated."""
    return trial.abuse is not None and trial.abuse.strikes > 0


def answer(trial: Trial, device: str) -> None:
    """The catalogue's answer, and the time from the abuse to it; for what must not happen, that it did not."""
    row = row_of(trial, device)
    strike = _strike(trial)
    before = _newest(trial, row, strike.t)
    if row.must is Must.HOLD:
        _hold(trial, row, before)
        return
    time = trial.declare(_within(f"{row.id} to {_in_words(row)}", row.within_s))
    power = _power_measurement(row, trial)
    goes_on = Measurement(f"payments after {row.id}", Limit("count", low=1), Rule.EXACT)
    if row.must is Must.OBJECT:
        trial.declare(goes_on)
    # a device that boots yet hears nothing; what it turns away is said again and again until it does
    patience_s = row.within_s + (BOOT_S if row.must is Must.TURN_AWAY else GRACE_S)
    found = _wait(trial, lambda: _answer(trial, row, strike, before), patience_s)
    if found is None:
        trial.settle_finding(time.missing(f"none in {patience_s:g} s"))
        return
    if row.must is Must.TURN_AWAY:
        strike = _newest_strike(trial, found)
    taken = instant(found.event).since(_arrived(trial, strike))
    trial.settle_finding(time.find(taken.early, taken.late))
    if row.must is Must.OBJECT:
        _wait(trial, lambda: _newest(trial, row, math.inf) > before or None, measuring.AFTERMATH_S)
        trial.settle_finding(goes_on.find_value(_newest(trial, row, math.inf) - before))
    if power is not None:
        trial.sleep(measuring.AFTERMATH_S)
        _take(trial, power, lambda: power_lost(trial.recorder.events, strike.t).since(_arrived(trial, strike)))


def loss(trial: Trial, device: str) -> None:
    """What the abuse cost the device under test at most: a socket energy, a cable satoshi."""
    row = row_of(trial, device)
    if row.device == "socket":
        limit = Limit("Wh", high=(row.loses_mwh or 0) / 1000)
        measurement = trial.declare(Measurement("energy delivered and not paid for", limit, Rule.GUARDED))
        trial.sleep(measuring.AFTERMATH_S)
        _take(trial, measurement, lambda: measuring.delivered_beyond(trial, _paid_wh(trial, row)))
        return
    limit = Limit("sat", high=row.loses_sat or 0)
    measurement = trial.declare(Measurement("signed away and not delivered", limit, Rule.GUARDED))
    trial.sleep(measuring.AFTERMATH_S)
    _take(trial, measurement, lambda: _lost_sat(trial))


# --- the answer ----------------------------------------------------------------------------------------------------


def _hold(trial: Trial, row: AbuseRow, before: int) -> None:
    limit = Limit("count", high=0)
    measurement = trial.declare(Measurement(f"payments in {row.within_s:g} s after {row.id}", limit, Rule.EXACT))
    trial.sleep(row.within_s)
    trial.settle_finding(measurement.find_value(_newest(trial, row, math.inf) - before))


def _within(name: str, limit_s: float) -> Measurement:
    return Measurement(name, Limit("s", high=limit_s), Rule.INTERVAL)


def _in_words(row: AbuseRow) -> str:
    if row.must is Must.GO_ON:
        return "the next receipt" if row.device == "socket" else "the next payment"
    return f"{'CLOSE' if row.must is Must.CLOSE else 'ERROR'} {' or '.join(row.codes)}"


def _power_measurement(row: AbuseRow, trial: Trial) -> Measurement | None:
    """Where power flowed and must not any more, the time to zero power is measured too."""
    flows = trial.plan.abuse is not None and trial.plan.abuse.first_payment >= 2
    if not flows or row.must not in {Must.REFUSE, Must.CLOSE}:
        return None
    return trial.declare(_within(f"{row.id} to zero power", row.within_s))


def _answer(trial: Trial, row: AbuseRow, strike: Event, before: int) -> Frame | None:
    for frame in trial.recorder.frames:
        if frame.t < strike.t or frame.direction != sent_by(row.device):
            continue
        message = frame.message
        if row.must is Must.GO_ON:
            if isinstance(message, _counted(row)) and message.n > before:
                return frame
        elif row.must is Must.CLOSE:
            if isinstance(message, Close) and message.reason.name in row.codes:
                return frame
        elif isinstance(message, Error) and message.code.name in row.codes:
            return frame
    return None


def _counted(row: AbuseRow) -> type[Receipt] | type[Payment]:
    return Receipt if row.device == "socket" else Payment


def _newest(trial: Trial, row: AbuseRow, until: float) -> int:
    """Number of the newest payment that the socket credited, or the cable signed, up to an instant."""
    seen = trial.messages(_counted(row), sent_by(row.device))
    return max((message.n for frame, message in seen if frame.t <= until), default=0)


def _strike(trial: Trial) -> Event:
    found = next(iter(measuring.strikes(trial)), None)
    if found is None:
        raise AuthorError("the counterpart has not cheated yet", remedy="Write 'When the counterpart has cheated'.")
    return found


def _arrived(trial: Trial, strike: Event) -> Interval:
    """Return when the last byte of the abuse was there: as it left at the earliest, after its transmission at most."""
    frames = [event for event in trial.recorder.events if event.kind is Kind.FRAME and event.t == strike.t]
    devices = trial.devices_under_test()
    sent = [event for event in frames if event.data["direction"] in {f"to {device}" for device in devices}]
    size = sum(len(str(event.data["bytes"])) / 2 for event in sent)
    written = instant(strike)
    return Interval(written.early, written.late + size * measuring.BITS_PER_BYTE / measuring.BIT_RATE)


def _newest_strike(trial: Trial, answer: Frame) -> Event:
    """Return the last time that the counterpart cheated before the answer."""
    return [event for event in measuring.strikes(trial) if event.t <= answer.t][-1]


def _wait(trial: Trial, condition: Callable[[], T | None], timeout_s: float) -> T | None:
    try:
        trial.wait_for(condition, timeout=timeout_s, what="the answer to the abuse")
    except DeadlineExceeded:
        return None
    return condition()


# --- the loss ------------------------------------------------------------------------------------------------------


def _paid_wh(trial: Trial, row: AbuseRow) -> float:
    """Energy that the ledger pays for; while a session goes on, what its receipts credit."""
    if row.must in {Must.GO_ON, Must.OBJECT}:
        return trial.credited_wh()
    offers = [offer for _, offer in trial.messages(Offer)]
    if not offers:
        return 0.0
    payees = {offer.payee_script for offer in offers}
    outputs = [output for each in trial.payments_on_ledger() for output in parse_transaction(each.raw).vout]
    paid: int = sum(output.nValue for output in outputs if bytes(output.scriptPubKey) in payees)
    return paid / offers[-1].tariff_sat_per_wh


def _lost_sat(trial: Trial) -> Interval:
    """What the cable's signatures give away beyond its change, less the price of what it was delivered."""
    own = {funding.change_script for _, funding in trial.messages(Funding, "to socket")}
    newest = {payment.n: payment for _, payment in trial.messages(Payment, "to socket")}
    gone = [
        sum(int(out.nValue) for out in parse_transaction(each.transaction).vout if bytes(out.scriptPubKey) not in own)
        for each in newest.values()
    ]
    offers = [offer for _, offer in trial.messages(Offer, "to cable")]
    tariff = offers[-1].tariff_sat_per_wh if offers else 0
    signed = max(gone, default=0) if trial.plan.mode == "single-fee" else sum(gone)
    energy = measuring.delivered(trial)
    return Interval(signed - energy.late * tariff, signed - energy.early * tariff)


def _take(trial: Trial, measurement: Measurement, find: Callable[[], Interval]) -> None:
    try:
        found = find()
    except EvidenceMissing as missing:
        trial.settle_finding(Finding(measurement, math.nan, math.nan, Verdict.INCONCLUSIVE, missing.what))
        return
    trial.settle_finding(measurement.find(found.early, found.late))
