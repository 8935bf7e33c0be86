"""Rules on each message by itself, and on the order of messages: frame, layout, side, sequence, end of a session."""

from __future__ import annotations

from collections.abc import Iterator

from hil.judge.codes import ErrorCode
from hil.judge.frames import FrameFlaw
from hil.judge.invariants.history import SIDES, Frame, History, message_of
from hil.judge.invariants.rules import CLOSED, FRAME, LAYOUT, SEQUENCE, SIDE, Breach
from hil.judge.messages import (
    MOST_UINT32,
    Close,
    Error,
    Funding,
    Hello,
    MessageFlaw,
    Offer,
    Payment,
    PaymentRequest,
    Receipt,
    Sent,
)

OTHERS = {"socket": (Hello, Funding, Payment), "cable": (Offer, PaymentRequest, Receipt)}
"""What only the other side sends."""

OF_A_MESSAGE = frozenset(code for code in ErrorCode if code is ErrorCode.MALFORMED or 30 <= code < 70)
"""Codes that say what is wrong with a message that came."""

RESTARTED = 32_768
"""A restart adds 65536 to a number that was written down: so large a step tells of one, and no message was left out."""


def breaches(history: History) -> Iterator[Breach]:
    """Yield what breaks one of these rules."""
    for side in SIDES:
        frames = history.judged(side)
        yield from _layout(history, side, frames)
        yield from _sequence(history, side, frames)
        yield from _closed(history, side, frames)
        yield from _damaged(history, side)


def _layout(history: History, side: str, frames: list[Frame]) -> Iterator[Breach]:
    before = 0.0
    for frame in frames:
        # a supply that fails in the middle of a frame tears it, and its beginning spoils the next one
        torn = not history.undisturbed(before, frame.late)
        before = frame.t
        if isinstance(frame.item, FrameFlaw) and not torn:
            yield Breach(FRAME, side, f"it sends a bad frame ({frame.item.what})", frame)
        elif isinstance(frame.item, MessageFlaw):
            yield Breach(LAYOUT, side, f"it sends no message ({frame.item.what})", frame)
        elif isinstance(frame.item, OTHERS[side]):
            yield Breach(SIDE, side, f"it sends {frame.name}, which comes from the other side", frame)


def _sequence(history: History, side: str, frames: list[Frame]) -> Iterator[Breach]:
    newest: dict[bytes, tuple[Frame, int]] = {}
    unread = 0
    for frame in frames:
        message = message_of(frame)
        if message is None:
            unread += 1  # a message that counts, perhaps
            continue
        if isinstance(message, Error) and message.sequence == 0:
            continue
        known, number = newest.get(message.session), message.sequence
        if known is None:
            if not (1 <= number <= 1 + unread or number > RESTARTED):
                yield Breach(SEQUENCE, side, f"the first message of a session has number {number}", frame)
        else:
            step = number - known[1]
            restarted = history.restarted(side, known[0].early, frame.late)
            forgot = restarted and isinstance(message, Offer) and number == 1  # a session without credit is not kept
            stays = number == known[1] == MOST_UINT32
            if 0 < step <= RESTARTED and history.was_cut(side, known[0].late, frame.early):
                what = f"number {number} follows number {known[1]} after a restart, which adds 65536 to what is written"
                yield Breach(SEQUENCE, side, what, frame)
            if not (1 <= step <= 1 + unread or step > RESTARTED or (restarted and step > 0) or forgot or stays):
                yield Breach(SEQUENCE, side, f"number {number} follows number {known[1]}", frame)
        newest[message.session] = frame, number


def _closed(history: History, side: str, frames: list[Frame]) -> Iterator[Breach]:
    closed: dict[bytes, Frame] = {}
    for frame in frames:
        if not isinstance(frame.item, Sent) or isinstance(frame.item, Error):
            continue
        end = closed.get(frame.item.session)
        if end is not None and not history.restarted(side, end.early, frame.late):
            yield Breach(CLOSED, side, f"it sends {frame.name} in a session that it closed at {end.t:.3f} s", frame)
        if isinstance(frame.item, Close):
            closed[frame.item.session] = frame


def _damaged(history: History, side: str) -> Iterator[Breach]:
    """Find errors that answer what arrived damaged: a frame whose checksum is wrong is dropped without a word."""
    heard: Frame | None = None
    for frame in history.frames if side in history.under_test else ():
        if frame.sender != side:
            heard = frame
        elif frame.late >= history.tampered_at:
            return  # what somebody put in place of a message is not recorded as having arrived
        elif isinstance(frame.item, Error) and frame.item.code in OF_A_MESSAGE and heard is not None and heard.lost:
            what = f"it answers a frame that came damaged, whose checksum (CRC) is wrong, with {frame.item.code.name}"
            yield Breach(FRAME, side, what, frame)
