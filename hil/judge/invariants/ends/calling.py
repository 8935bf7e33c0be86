"""The rule on calling again: which ends of a session another one can mend, and what a cable must have left for it."""

from __future__ import annotations

from collections.abc import Iterator

from hil.judge.codes import ErrorCode
from hil.judge.invariants.ends.endings import PASSING, PASSING_REASONS, changes, ends
from hil.judge.invariants.history import Frame, History, Story
from hil.judge.invariants.repetition import CALL_AGAIN_S
from hil.judge.invariants.rules import AGAIN, Breach
from hil.judge.messages import Close, Error, Funding, Hello, Meter, Offer, Payment, PaymentRequest
from hil.judge.transactions import bought_mwh

LATE_S = 2.0
"""What comes so much later than it is due was not forgotten."""

TOLERANCE_MWH = 100
"""SPEC, "Two meters": it is added once to what sessions took and did not deliver."""

MENDED = (PASSING - {ErrorCode.COIN_UNKNOWN}) | PASSING_REASONS
"""After these a cable calls again, with coins that it has; after COIN_UNKNOWN only if it may have others."""


def breaches(history: History) -> Iterator[Breach]:
    """Yield what breaks this rule."""
    if "cable" not in history.under_test or not history.whole:
        return
    paid: list[Story] = []
    for story in history.sessions.values():
        end = next((each for each in story.frames if ends(story, each)), None)
        if end is not None and not paid:
            yield from _silent(history, story, end)
        if story.of(Payment, "cable"):
            paid.append(story)  # what a session before took counts, too, and is not reckoned here


def _silent(history: History, story: Story, end: Frame) -> Iterator[Breach]:
    until = end.late + CALL_AGAIN_S + LATE_S
    word = end.item.reason if isinstance(end.item, Close) else end.item.code if isinstance(end.item, Error) else None
    if word not in MENDED or not _is_left(story, end):
        return
    if until > min(history.end, history.faulty_at, history.held_at) or end.late >= history.tampered_at:
        return
    if not history.undisturbed(story.frames[0].early, until):
        return
    hellos = (each for each in history.sent_by("cable") if isinstance(each.item, Hello))
    if not any(end.early <= each.early <= until for each in hellos):
        what = f"{end.name} {word.name} ended its session, and it does not call again (HELLO) within {CALL_AGAIN_S:g} s"
        yield Breach(AGAIN, "cable", f"{what}; coins, budget and trust are left", end)


def _is_left(story: Story, end: Frame) -> bool:
    """Tell whether a cable surely has coins, budget and trust left, and had not ended the session itself."""
    own = [each for each in story.frames if each.sender == "cable" and each.t <= end.t]
    if any(isinstance(each.item, Close | Error) for each in own):
        return False
    offers, funding = story.of(Offer, "socket", end), story.of(Funding, "cable", end)[-1][1]
    payments = story.of(Payment, "cable", end)
    if not payments or not offers:
        return bool(offers)
    newest, offer = payments[-1][1], offers[-1][1]
    # what the cable believed of the socket's claims had flowed, by SPEC (1) of "Two meters"
    heard = [each for each in story.frames if each.sender == "socket" and not each.lost and each.t <= end.t]
    claims = [each.item.energy_mwh for each in heard if isinstance(each.item, Meter | PaymentRequest)]
    lost_mwh = bought_mwh(offer, newest.n) - max(claims, default=0)
    trusted = lost_mwh + TOLERANCE_MWH < bought_mwh(offer, 1)
    return trusted and newest.n < funding.max_payments and any(changes(newest, {funding.change_script}))
