"""What is measured after an event on the ledger, or a plug that was pulled: how soon the socket acted on it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hil.evidence.documents import Kind
from hil.evidence.event_intervals import Interval, instant, not_until
from hil.evidence.observations import EvidenceMissing, Timed
from hil.judge.codes import ErrorCode
from hil.judge.messages import Close, Error
from hil.judge.transactions import parse, txid_of
from hil.scenario.measurements.cuts import until_cut
from hil.scenario.measurements.lab import AFTERMATH_S, first_after, first_said
from hil.scenario.stimuli.mains_plug_and_load import LOOKS_FOR_S, PLUG, last

if TYPE_CHECKING:
    from hil.evidence.documents import Event
    from hil.scenario.observer import Observer

LOOK_S = 1.0


def attack_to_report(observer: Observer, code: str, limit_s: float) -> Timed:
    """From the newest attack to the first ERROR with this code from the socket after it."""

    def find(began: Event) -> Event | None:
        errors = observer.messages(Error, "to cable")
        found = (frame for frame, error in errors if error.code is ErrorCode[code] and frame.t >= began.t)
        return next((frame.event for frame in found), None)

    return first_after(observer, newest_attack(observer), find, limit_s)


def attack_to_cut(observer: Observer, limit_s: float) -> Timed:
    """From the newest attack to zero power."""
    return until_cut(observer, instant(newest_attack(observer)), limit_s)


def attack_to_console(observer: Observer, device: str, words: str, limit_s: float) -> Timed:
    """From the newest attack to the first line after it on the device's console that holds ``words``."""
    return first_said(observer, newest_attack(observer), device, words, limit_s)


def relief_to_ledger(observer: Observer, limit_s: float) -> Timed:
    """From the newest event on the ledger until the newest accepted payment is in the mempool or a block."""
    raw = observer.newest_valid_payment().transaction
    relief = newest_attack(observer)
    before = relief.t
    while not any(each.raw == raw for each in observer.payments_on_ledger()):
        before = observer.clock.now()
        if before - relief.t >= limit_s + AFTERMATH_S:
            return not_until(before).since(instant(relief))
        observer.sleep(LOOK_S)
    added = _added(observer, raw, relief.t)
    return (Interval(before, observer.clock.now()) if added is None else instant(added)).since(instant(relief))


def settlement_told(observer: Observer) -> str:
    """Tell that the socket has not settled what was accepted last: no CLOSE yet, or one that names no transaction."""
    accepted = observer.accepted()
    if not accepted:
        return ""
    session = accepted[-1].session
    closes = [each for each in observer.messages(Close, "to cable") if each[1].session == session]
    if not closes:
        return "no CLOSE came yet: the socket did not settle; it must try every 2 s (settle_s)"
    frame, close = closes[-1]
    if close.txid:
        return ""
    return f"CLOSE {close.reason.name} at {frame.t:.3f} s names no transaction: the socket did not settle"


def unplugged_to_settlement(observer: Observer, limit_s: float) -> Timed:
    """From the opening of K2 to the newest accepted payment in the mempool, as the node published it."""
    pulled = last(observer.recorder, PLUG, "pulled")
    if pulled is None:
        raise EvidenceMissing("the plug was not pulled in this scenario")
    raw = observer.newest_valid_payment().transaction
    observer.sleep(LOOKS_FOR_S)
    return first_after(observer, pulled, lambda _: _added(observer, raw, -math.inf), limit_s)


def _added(observer: Observer, raw: bytes, since: float) -> Event | None:
    """Return when the node first published a transaction as new in its mempool, at or after an instant."""
    identity = txid_of(parse(raw))
    changes = (each for each in observer.recorder.events if each.kind is Kind.LEDGER and each.t >= since)
    return next((each for each in changes if each.data["change"] == "added" and each.data["hash"] == identity), None)


def newest_attack(observer: Observer) -> Event:
    """Return the newest thing that was done to the ledger; EvidenceMissing if there is none."""
    found = [
        event for event in observer.recorder.events if event.kind is Kind.FAULT and event.data.get("who") == "ledger"
    ]
    if not found:
        raise EvidenceMissing("nothing happened to the ledger in this scenario")
    return found[-1]
