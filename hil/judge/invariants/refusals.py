"""Rules on what a socket makes of bytes that are no message: which it answers, and which it drops without a word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import cbor2

from hil.judge.codes import ErrorCode
from hil.judge.frames import FrameFlaw, payload_of
from hil.judge.invariants.history import Frame, History
from hil.judge.invariants.rules import DROPPED, REFUSED, Breach
from hil.judge.messages import SESSION_BYTES, VERSION, Close, Error, MessageFlaw, Sent

ANSWER_S = 2.0
"""An answer that comes so much later is none: a socket answers each message in turn."""

ALIVE_S = 5.0
"""A socket in a session said something so short a time ago (SPEC, "Timers and limits": METER each `meter_s`)."""


MOST_ITEMS, DEEPEST = 32, 3
"""Of an array, and of arrays in one another (SPEC, "Messages")."""


class Due(NamedTuple):
    """How a socket answers a payload that is no message.

    :ivar session: the session that it names all the same; None: it names none, and the session that runs is meant.
    """

    code: ErrorCode = ErrorCode.MALFORMED
    session: bytes | None = None


def breaches(history: History) -> Iterator[Breach]:
    """Yield what breaks one of these rules."""
    if "socket" not in history.under_test or not any(_is_bad(frame) for frame in history.frames):
        return
    yield from _refused(history)
    yield from _dropped(history)


def _is_bad(frame: Frame) -> bool:
    return frame.sender == "cable" and isinstance(frame.item, FrameFlaw | MessageFlaw)


def _refused(history: History) -> Iterator[Breach]:
    answers = [each for each in history.sent_by("socket") if isinstance(each.item, Error)]
    for place, frame in enumerate(history.frames):
        flaw = frame.item
        if frame.sender != "cable" or not isinstance(flaw, MessageFlaw) or not _is_due(history, place):
            continue
        due = due_to(payload_of(frame.raw[:-1]))
        fitting = (each for each in answers if each.early >= frame.early and _answers(each, due))
        answer = next(fitting, None)
        if answer is None or answer.late > frame.late + ANSWER_S:
            what = f"it does not answer a payload that is no message ({flaw.what}) with ERROR {due.code.name}"
            yield Breach(REFUSED, "socket", what, frame)
        else:
            answers.remove(answer)


def _answers(frame: Frame, due: Due) -> bool:
    error = frame.item
    return isinstance(error, Error) and error.code is due.code and due.session in (None, error.session)


def due_to(payload: bytes) -> Due:
    """Return how a socket answers a payload that is no message."""
    try:
        items = cbor2.loads(payload)
        if cbor2.dumps(items) != payload:
            return Due()
    except Exception:  # whatever the library makes of hostile bytes, they name no session
        return Due()
    if type(items) is not list or not _is_allowed(items, DEEPEST):
        return Due()
    named = items[1] if len(items) > 1 and type(items[1]) is bytes and len(items[1]) == SESSION_BYTES else None
    if len(items) > 3 and type(items[0]) is int and items[0] == 1 and type(items[3]) is int and items[3] != VERSION:
        return Due(ErrorCode.UNSUPPORTED_VERSION, named)
    return Due(session=named)


def _is_allowed(item: Any, depth: int) -> bool:
    """Tell whether an item is of the allowed kinds, in arrays of at most 32 items that are at most ``depth`` deep."""
    if type(item) is list:
        return depth > 0 and len(item) <= MOST_ITEMS and all(_is_allowed(each, depth - 1) for each in item)
    return type(item) in (bytes, str) or (type(item) is int and 0 <= item < 2**64)


def _is_due(history: History, place: int) -> bool:
    """Tell whether a socket is in a session, and neither bench nor link can explain that it does not answer."""
    frame = history.frames[place]
    until = frame.late + ANSWER_S
    if frame.lost or until >= min(history.struck_at, history.tampered_at, history.faulty_at):
        return False
    said = [each for each in history.frames[:place] if each.sender == "socket" and isinstance(each.item, Sent)]
    runs = [each for each in said if not isinstance(each.item, Error)]
    if not runs or isinstance(runs[-1].item, Close) or frame.early - said[-1].late > ALIVE_S:
        return False
    after = [each for each in history.frames[place:] if each.early <= until]
    return history.undisturbed(runs[-1].early, until) and not any(isinstance(each.item, Close) for each in after)


def _dropped(history: History) -> Iterator[Breach]:
    if not history.whole:
        return
    named: set[bytes | None] = set()
    bad: Frame | None = None
    for frame in history.frames:
        item = frame.item
        if frame.late >= min(history.struck_at, history.tampered_at):
            return
        if frame.sender == "cable":
            if isinstance(item, MessageFlaw):
                named.add(due_to(payload_of(frame.raw[:-1])).session)
            elif isinstance(item, Sent):
                named.add(item.session)
            bad = frame if isinstance(item, FrameFlaw) else bad
        elif isinstance(item, Error) and item.session not in named and bad is not None:
            flaw = f"; it answers a bad frame ({bad.item.what})" if isinstance(bad.item, FrameFlaw) else ""
            what = f"ERROR {item.code.name} is about session {item.session.hex()}, which no good frame named{flaw}"
            yield Breach(DROPPED, "socket", what, frame)
