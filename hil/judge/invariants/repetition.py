"""Rules on how often a message may be said: not more often than SPEC says, within the bounds of its stamps."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterator

from hil.judge.invariants.history import Frame, History, Story
from hil.judge.invariants.rules import (
    REPEAT_FUNDING,
    REPEAT_HELLO,
    REPEAT_METER,
    REPEAT_PAYMENT,
    REPEAT_RECEIPT,
    REPEAT_REQUEST,
    SLACK_S,
    Breach,
    Rule,
)
from hil.judge.messages import Funding, Hello, Meter, Payment, PaymentRequest, Receipt, Sent

HELLO_S, CALL_AGAIN_S, REPLY_S, METER_S, CABLE_METER_S = 1.0, 10.0, 2.0, 1.0, 10.0
"""SPEC, "Timers and limits"."""

LIVE_V = 50.0
"""No mains that the bench plays is below; an open contact leaves less than a volt."""

OPEN_S = 1.5
"""A METER that was due when the contact opened, and a reading that was under way, have come by then."""


def breaches(history: History) -> Iterator[Breach]:
    """Yield what breaks one of these rules."""
    yield from _hellos(history)
    yield from _spaced(history, "cable", Funding, REPEAT_FUNDING, REPLY_S, lambda message: 0)
    yield from _spaced(history, "socket", PaymentRequest, REPEAT_REQUEST, REPLY_S, lambda request: request.n)
    yield from _spaced(history, "socket", Meter, REPEAT_METER, METER_S, lambda message: 0)
    yield from _spaced(history, "cable", Meter, REPEAT_METER, CABLE_METER_S, lambda message: 0)
    yield from _told_with_open_contact(history)
    for story in history.sessions.values():
        yield from _answers(history, story, "cable", Payment, PaymentRequest, REPEAT_PAYMENT)
        yield from _answers(history, story, "socket", Receipt, Payment, REPEAT_RECEIPT)


def _too_soon(history: History, before: Frame, frame: Frame, least_s: float) -> bool:
    return frame.late - before.early < least_s - SLACK_S and history.undisturbed(before.early, frame.late)


def _hellos(history: History) -> Iterator[Breach]:
    before: Frame | None = None
    for frame in history.judged("cable"):
        if not isinstance(frame.item, Hello):
            continue
        if before is not None:
            again = isinstance(before.item, Hello) and before.item.session == frame.item.session
            least_s = HELLO_S if again else CALL_AGAIN_S
            if _too_soon(history, before, frame, least_s):
                what = f"it comes {frame.t - before.t:.3f} s after the one before, and not after {least_s:g} s"
                yield Breach(REPEAT_HELLO, "cable", what, frame)
        before = frame


def _spaced(
    history: History, side: str, kind: type[Sent], rule: Rule, least_s: float, key: Callable[..., Hashable]
) -> Iterator[Breach]:
    """Hold messages of a kind, those of a session and a key, against the least time between two of them."""
    newest: dict[Hashable, Frame] = {}
    for frame in history.judged(side):
        if not isinstance(frame.item, kind):
            continue
        same = frame.item.session, key(frame.item)
        before = newest.get(same)
        if before is not None and _too_soon(history, before, frame, least_s):
            what = f"it comes {frame.t - before.t:.3f} s after the one before, and not after {least_s:g} s"
            yield Breach(rule, side, what, frame)
        newest[same] = frame


def _told_with_open_contact(history: History) -> Iterator[Breach]:
    """Find a METER of a socket that had opened its contact: the lab meter had voltage, then none, with the mains on.

    Only a virtual bench knows that the mains are on; elsewhere they may have failed.
    """
    live = [each for each in history.readings if each.voltage_v >= LIVE_V]
    begun = [each.early for each in live]
    for frame in history.judged("socket") if history.whole else ():
        place = bisect_right(begun, frame.late) - 1
        if not isinstance(frame.item, Meter) or place < 0:
            continue
        last = live[place]
        known = frame.late < min(history.tampered_at, history.held_at, history.faulty_at)
        if not known or frame.early - last.late < OPEN_S or not history.undisturbed(last.early, frame.late):
            continue
        dead = history.readings_within(last.late, frame.early)
        if dead and all(each.voltage_v < LIVE_V for each in dead):
            what = f"its contact has been open since {last.late:.1f} s; METER is for the time in which it is closed"
            yield Breach(REPEAT_METER, "socket", what, frame)


def _answers(
    history: History,
    story: Story,
    side: str,
    kind: type[Payment] | type[Receipt],
    question: type[PaymentRequest] | type[Payment],
    rule: Rule,
) -> Iterator[Breach]:
    """Hold answers against questions: one for each; a payment also without one after ``reply_s``."""
    if side not in history.under_test:
        return
    asked: dict[int, int] = {}
    newest: dict[int, Frame] = {}
    for frame in story.frames:
        message = frame.item
        if frame.late >= history.struck_at:
            return  # what the link held back, doubled or forged may have been asked at another time
        if isinstance(message, question) and frame.sender != side:
            asked[message.n] = asked.get(message.n, 0) + 1
        elif isinstance(message, kind) and frame.sender == side:
            before, left = newest.get(message.n), asked.get(message.n, 0)
            if before is not None and not left:
                waited = kind is Payment and not _too_soon(history, before, frame, REPLY_S)
                if not waited and history.undisturbed(before.early, frame.late):
                    what = f"payment {message.n}: nothing asked for it since the one at {before.t:.3f} s"
                    yield Breach(rule, side, what, frame)
            asked[message.n] = max(0, left - 1)
            newest[message.n] = frame
