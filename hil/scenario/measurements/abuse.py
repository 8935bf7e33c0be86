"""How the device under test took an abuse: its answer, the time of it, and the loss, against the catalogue."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from hil.errors import AuthorError, DeadlineExceeded
from hil.evidence.documents import Kind
from hil.evidence.limits import Limit
from hil.evidence.observations import Counted, Sampled, Source, Timed
from hil.evidence.timing import Interval, instant, not_until
from hil.links.abuses.catalogue import AbuseRow, Must
from hil.protocol.payment.transactions import parse_transaction
from hil.protocol.policy import Mode
from hil.protocol.wire.messages import Close, Error, Funding, Offer, Payment, Receipt, message_name
from hil.rig.recorder import sent_by
from hil.scenario.check import Check, at_least, counted, sampled, within_time
from hil.scenario.measurements import lab
from hil.scenario.measurements.cuts import strikes, transmission_s, until_cut
from hil.scenario.measurements.payments import paid_to

if TYPE_CHECKING:
    from hil.evidence.documents import Event
    from hil.rig.recorder import Frame
    from hil.scenario.scenario import Trial
    from hil.scenario.stimuli.abuse import AbusePlan

T = TypeVar("T")

GRACE_S = 2.0
"""An answer that is late is waited for this much longer, so that the report says by how much."""

BOOT_S = 120.0
"""Longest that a device may take before it hears anything."""


def row_of(plan: AbusePlan | None, device: str) -> AbuseRow:
    """Return the row that the counterpart carries out; AuthorError if there is none, or another device answers."""
    if plan is None or plan.row is None:
        raise AuthorError("no abuse of the catalogue in this scenario", remedy="Write 'Given the cable will …'.")
    if plan.row.device != device:
        raise AuthorError(f"it is the {plan.row.device} that answers '{plan.row.id}', not the {device}")
    return plan.row


def struck(trial: Trial) -> bool:
    """Tell whether the counterpart has cheated."""
    return trial.abuse is not None and trial.abuse.strikes > 0


def answer(plan: AbusePlan | None, device: str) -> list[Check]:
    """Return what the catalogue demands of the answer: its time, and what must go on or end.

    For what must not happen, that it did not in the time that it is watched.
    """
    row = row_of(plan, device)
    if row.must is Must.HOLD:
        name = f"payments in {row.within_s:g} s after {row.id}"
        return [counted(name, Limit("count", high=0), lambda trial: _held(trial, row), Source.LINE)]
    name = f"{row.id} to {_in_words(row)}"
    checks = [within_time(name, row.within_s, lambda trial, _: _time_to_answer(trial, row), Source.LINE)]
    if row.must is Must.OBJECT:
        checks.append(at_least(f"payments after {row.id}", 1, lambda trial: _went_on(trial, row), Source.LINE))
    if plan is not None and plan.first_payment >= 2 and row.must in {Must.REFUSE, Must.CLOSE}:  # power flows by then
        cut = within_time(
            f"{row.id} to zero power",
            row.within_s,
            lambda trial, limit_s: until_cut(trial, _arrived(trial, _strike(trial)), limit_s),
            Source.LINE,
            Source.LAB_METER,
        )
        checks.append(cut)
    return checks


def loss(plan: AbusePlan | None, device: str) -> Check:
    """Return the check of what the abuse cost the device under test: a socket energy, a cable satoshi."""
    row = row_of(plan, device)
    if row.device == "socket":
        limit = Limit("Wh", high=(row.loses_mwh or 0) / 1000)
        return sampled(
            "energy delivered and not paid for",
            limit,
            lambda trial: _unpaid(trial, row),
            Source.LAB_METER,
            Source.LEDGER,
            Source.LINE,
        )
    limit = Limit("sat", high=row.loses_sat or 0)
    return sampled("signed away and not delivered", limit, _lost_sat, Source.LINE, Source.LAB_METER)


# --- the answer ----------------------------------------------------------------------------------------------------


def _held(trial: Trial, row: AbuseRow) -> Counted:
    before = _newest(trial, row, _strike(trial).t)
    trial.sleep(row.within_s)
    return Counted(_newest(trial, row, math.inf) - before)


def _time_to_answer(trial: Trial, row: AbuseRow) -> Timed:
    strike = _strike(trial)
    before = _newest(trial, row, strike.t)
    # a device that boots yet hears nothing; what it turns away is said again and again until it does
    patience_s = row.within_s + (BOOT_S if row.must is Must.TURN_AWAY else GRACE_S)
    found = _wait(trial, lambda: _answer(trial, row, strike, before), patience_s)
    if found is None:
        return not_until(trial.clock.now()).since(_arrived(trial, strike))
    if row.must is Must.TURN_AWAY:
        strike = _newest_strike(trial, found)
    return instant(found.event).since(_arrived(trial, strike))


def _went_on(trial: Trial, row: AbuseRow) -> Counted:
    before = _newest(trial, row, _strike(trial).t)
    _wait(trial, lambda: _newest(trial, row, math.inf) > before or None, lab.AFTERMATH_S)
    return Counted(_newest(trial, row, math.inf) - before)


def _in_words(row: AbuseRow) -> str:
    if row.must is Must.GO_ON:
        return "the next receipt" if row.device == "socket" else "the next payment"
    return f"{message_name(Close if row.must is Must.CLOSE else Error)} {' or '.join(row.codes)}"


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
    found = next(iter(strikes(trial)), None)
    if found is None:
        raise trial.no_evidence("the counterpart did not get to cheat")
    return found


def _arrived(trial: Trial, strike: Event) -> Interval:
    """Return when the last byte of the abuse was there: as it left at the earliest, after its transmission at most."""
    # on a wall clock the frame has a stamp of its own, right after that of the strike
    until = strike.t + 2 * (strike.before + strike.after)
    frames = [each for each in trial.recorder.events if each.kind is Kind.FRAME and strike.t <= each.t <= until]
    devices = trial.devices_under_test()
    sent = [event for event in frames if event.data["direction"] in {f"to {device}" for device in devices}]
    written = instant(strike)
    return Interval(written.early, written.late + transmission_s(sent))


def _newest_strike(trial: Trial, answer: Frame) -> Event:
    """Return the last time that the counterpart cheated before the answer."""
    return [event for event in strikes(trial) if event.t <= answer.t][-1]


def _wait(trial: Trial, condition: Callable[[], T | None], timeout_s: float) -> T | None:
    try:
        trial.wait_for(condition, timeout=timeout_s, what="the answer to the abuse")
    except DeadlineExceeded:
        return None
    return condition()


# --- the loss ------------------------------------------------------------------------------------------------------


def _unpaid(trial: Trial, row: AbuseRow) -> Sampled:
    trial.sleep(lab.AFTERMATH_S)
    return lab.delivered_beyond(trial, _paid_wh(trial, row))


def _paid_wh(trial: Trial, row: AbuseRow) -> float:
    """Energy that the ledger pays for; while a session goes on, what the payments on the line do."""
    if row.must in {Must.GO_ON, Must.OBJECT}:
        return trial.credited_wh()
    offers = [offer for _, offer in trial.messages(Offer)]
    if not offers:
        return 0.0
    payees = {offer.payee_script for offer in offers}
    return sum(paid_to(payees, each.raw) for each in trial.payments_on_ledger()) / offers[-1].tariff_sat_per_wh


def _lost_sat(trial: Trial) -> Sampled:
    """What the cable's signatures give away beyond its change, less the price of what it was delivered."""
    trial.sleep(lab.AFTERMATH_S)
    own = {funding.change_script for _, funding in trial.messages(Funding, "to socket")}
    gone: dict[bytes, dict[int, int]] = {}
    for _, payment in trial.messages(Payment, "to socket"):
        gone.setdefault(payment.session, {})[payment.n] = _paid_beside(own, payment.transaction)
    offers = [offer for _, offer in trial.messages(Offer, "to cable")]
    tariff = offers[-1].tariff_sat_per_wh if offers else 0
    together = max if trial.plan.mode == Mode.SINGLE_FEE.label else sum
    signed = sum(together(each.values()) for each in gone.values())
    energy = lab.delivered(trial)
    return Sampled(signed - energy.high * tariff, signed - energy.low * tariff, energy.covers)


def _paid_beside(scripts: set[bytes], raw: bytes) -> int:
    """Return the satoshi that a payment pays to other scripts than these."""
    return sum(int(out.nValue) for out in parse_transaction(raw).vout if bytes(out.scriptPubKey) not in scripts)
