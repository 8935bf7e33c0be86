"""How the device under test took an abuse: its answer, the time of it, and the loss, against the catalogue."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from hil.errors import AuthorError, DeadlineExceeded
from hil.evidence.documents import Kind
from hil.evidence.event_intervals import Interval, instant, not_until
from hil.evidence.limits import Limit
from hil.evidence.observations import Counted, Sampled, Source, Timed
from hil.judge.codes import Mode
from hil.judge.messages import Close, Error, Funding, Offer, Payment, Receipt, message_name
from hil.judge.transactions import parse
from hil.links.abuses.catalogue import AbuseRow, Must
from hil.rig.recorder import sent_by
from hil.scenario.check import Check, at_least, counted, sampled, within_time
from hil.scenario.measurements import lab
from hil.scenario.measurements.cuts import strikes, transmission_s, until_cut
from hil.scenario.measurements.payments import paid_to, signed_in_order

if TYPE_CHECKING:
    from hil.evidence.documents import Event
    from hil.rig.recorder import Frame
    from hil.scenario.abuse_plan import AbusePlan
    from hil.scenario.observer import Observer

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


def struck(observer: Observer) -> bool:
    """Tell whether the counterpart has cheated."""
    return observer.abuse is not None and observer.abuse.strikes > 0


def answer(plan: AbusePlan | None, device: str) -> list[Check]:
    """Return what the catalogue demands of the answer: its time, and what must go on or end.

    If no payment may follow, the check counts the payments within the row's time.
    """
    row = row_of(plan, device)
    if row.must is Must.HOLD:
        name = f"payments in {row.within_s:g} s after {row.id}"
        return [counted(name, Limit("count", high=0), lambda observer: _held(observer, row), Source.LINE)]
    name = f"{row.id} to {_in_words(row)}"
    checks = [within_time(name, row.within_s, lambda observer, _: _time_to_answer(observer, row), Source.LINE)]
    if row.must is Must.OBJECT:
        checks.append(at_least(f"payments after {row.id}", 1, lambda observer: _went_on(observer, row), Source.LINE))
    if plan is not None and plan.first_payment >= 2 and row.must in {Must.REFUSE, Must.CLOSE}:  # power flows by then
        cut = within_time(
            f"{row.id} to zero power",
            row.within_s,
            lambda observer, limit_s: until_cut(observer, _arrived(observer, _strike(observer)), limit_s),
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
            lambda observer: _unpaid(observer, row),
            Source.LAB_METER,
            Source.LEDGER,
            Source.LINE,
        )
    limit = Limit("sat", high=plan.loses_sat if plan is not None else 0)
    check = sampled("signed away and not delivered", limit, _lost_sat, Source.LINE, Source.LAB_METER)
    return check.explained(signed_in_order)


# --- the answer ----------------------------------------------------------------------------------------------------


def _held(observer: Observer, row: AbuseRow) -> Counted:
    before = _counted_by(observer, row, _strike(observer).t)
    observer.sleep(row.within_s)
    return Counted(len(_counted_by(observer, row, math.inf) - before))


def _time_to_answer(observer: Observer, row: AbuseRow) -> Timed:
    strike = _strike(observer)
    before = _counted_by(observer, row, strike.t)
    # a device that boots yet hears nothing; what it turns away is said again and again until it does
    patience_s = row.within_s + (BOOT_S if row.must is Must.TURN_AWAY else GRACE_S)
    found = _wait(observer, lambda: _answer(observer, row, strike, before), patience_s)
    if found is None:
        return not_until(observer.clock.now()).since(_arrived(observer, strike))
    if row.must is Must.TURN_AWAY:
        strike = _newest_strike(observer, found)
    return instant(found.event).since(_arrived(observer, strike))


def _went_on(observer: Observer, row: AbuseRow) -> Counted:
    before = _counted_by(observer, row, _strike(observer).t)
    _wait(observer, lambda: _counted_by(observer, row, math.inf) - before or None, lab.AFTERMATH_S)
    return Counted(len(_counted_by(observer, row, math.inf) - before))


def _in_words(row: AbuseRow) -> str:
    if row.must is Must.GO_ON:
        return "the next receipt" if row.device == "socket" else "the next payment"
    return f"{message_name(Close if row.must is Must.CLOSE else Error)} {' or '.join(row.codes)}"


def _answer(observer: Observer, row: AbuseRow, strike: Event, before: set[tuple[bytes, int]]) -> Frame | None:
    for frame in observer.recorder.frames:
        if frame.t < strike.t or frame.direction != sent_by(row.device):
            continue
        message = frame.message
        if row.must is Must.GO_ON:
            if isinstance(message, _counted(row)) and (message.session, message.n) not in before:
                return frame
        elif row.must is Must.CLOSE:
            if isinstance(message, Close) and message.reason.name in row.codes:
                return frame
        elif isinstance(message, Error) and message.code.name in row.codes:
            return frame
    return None


def _counted(row: AbuseRow) -> type[Receipt] | type[Payment]:
    return Receipt if row.device == "socket" else Payment


def _counted_by(observer: Observer, row: AbuseRow, until: float) -> set[tuple[bytes, int]]:
    """Return the payments that the socket credited, or the cable signed, by an instant: session and number of each."""
    seen = observer.messages(_counted(row), sent_by(row.device))
    return {(message.session, message.n) for frame, message in seen if frame.t <= until}


def _strike(observer: Observer) -> Event:
    found = next(iter(strikes(observer)), None)
    if found is None:
        raise observer.no_evidence("the counterpart did not get to cheat")
    return found


def _arrived(observer: Observer, strike: Event) -> Interval:
    """Return when the last byte of the abuse was there: as it left at the earliest, after its transmission at most."""
    # on a wall clock the frame has a stamp of its own, right after that of the strike
    until = strike.t + 2 * (strike.before + strike.after)
    frames = [each for each in observer.recorder.events if each.kind is Kind.FRAME and strike.t <= each.t <= until]
    devices = observer.devices_under_test()
    sent = [event for event in frames if event.data["direction"] in {f"to {device}" for device in devices}]
    written = instant(strike)
    return Interval(written.early, written.late + transmission_s(sent))


def _newest_strike(observer: Observer, answer: Frame) -> Event:
    """Return the last time that the counterpart cheated before the answer."""
    return [event for event in strikes(observer) if event.t <= answer.t][-1]


def _wait(observer: Observer, condition: Callable[[], T | None], timeout_s: float) -> T | None:
    try:
        observer.wait_for(condition, timeout=timeout_s, what="the answer to the abuse")
    except DeadlineExceeded:
        return None
    return condition()


# --- the loss ------------------------------------------------------------------------------------------------------


def _unpaid(observer: Observer, row: AbuseRow) -> Sampled:
    observer.sleep(lab.AFTERMATH_S)
    return lab.delivered_beyond(observer, _paid_wh(observer, row))


def _paid_wh(observer: Observer, row: AbuseRow) -> float:
    """Energy that the ledger pays for; while a session goes on, what the payments on the line do."""
    if row.must in {Must.GO_ON, Must.OBJECT}:
        return observer.credited_wh()
    tariffs = {offer.payee_script: offer.tariff_sat_per_wh for _, offer in observer.messages(Offer)}
    on_ledger = [each.raw for each in observer.payments_on_ledger()]
    return sum(paid_to({payee}, raw) / tariff for payee, tariff in tariffs.items() for raw in on_ledger)


def _lost_sat(observer: Observer) -> Sampled:
    """What the cable's signatures give away beyond its change, less the price of what it was delivered."""
    observer.sleep(lab.AFTERMATH_S)
    own = {funding.change_script for _, funding in observer.messages(Funding, "to socket")}
    gone: dict[bytes, dict[int, int]] = {}
    for _, payment in observer.messages(Payment, "to socket"):
        gone.setdefault(payment.session, {})[payment.n] = _paid_beside(own, payment.transaction)
    offers = [offer for _, offer in observer.messages(Offer, "to cable")]
    tariff = offers[-1].tariff_sat_per_wh if offers else 0
    together = max if observer.plan.mode == Mode.SINGLE_FEE.label else sum
    signed = sum(together(each.values()) for each in gone.values())
    energy = lab.delivered(observer)
    return Sampled(signed - energy.high * tariff, signed - energy.low * tariff, energy.covers)


def _paid_beside(scripts: set[bytes], raw: bytes) -> int:
    """Return the satoshi that a payment pays to other scripts than these."""
    return sum(int(out.nValue) for out in parse(raw).vout if bytes(out.scriptPubKey) not in scripts)
