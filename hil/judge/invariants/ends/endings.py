"""Rules on the ends of sessions: what must not follow one, and which a restart must not end."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hil.judge.codes import CloseReason, ErrorCode
from hil.judge.invariants.history import Frame, History, Story
from hil.judge.invariants.rules import KEPT, LEFT, OVER, Breach
from hil.judge.messages import Close, Error, Funding, Hello, Payment, Receipt, Sent
from hil.judge.transactions import NoTransaction, parse, txid_of

CROSSING_S = 0.5
"""What is said so soon after an end may have crossed it on the line."""

HARMLESS = frozenset({ErrorCode.MALFORMED, ErrorCode.UNEXPECTED})
"""Codes after which a session goes on (SPEC, "Error codes")."""

PASSING = frozenset(
    {
        ErrorCode.UNKNOWN_SESSION,
        ErrorCode.SESSION_REUSED,
        ErrorCode.LEDGER_UNAVAILABLE,
        ErrorCode.COIN_UNCONFIRMED,
        ErrorCode.COIN_UNKNOWN,
    }
)
PASSING_REASONS = frozenset(
    {
        CloseReason.CREDIT_SPENT,
        CloseReason.PEER_SILENT,
        CloseReason.PEER_RESTARTED,
        CloseReason.UNPLUGGED,
        CloseReason.FAULT,
    }
)
"""Codes and reasons after which another session may go better (SPEC, "Restarts and lost links")."""


def breaches(history: History) -> Iterator[Breach]:
    """Yield what breaks one of these rules."""
    if not history.whole:
        return
    for story in history.sessions.values():
        if "cable" in history.under_test:
            yield from _over(history, story)
            yield from _left(history, story)
            yield from _begun_anew(history, story)
        if "socket" in history.under_test:
            yield from _forgotten(history, story)


def _over(history: History, story: Story) -> Iterator[Breach]:
    """Find what a cable says after the socket has ended the session in which it declared its coins."""
    end = next((each for each in story.frames if ends(story, each)), None)
    if end is None or not isinstance(end.item, Close | Error):
        return
    word = end.item.reason if isinstance(end.item, Close) else end.item.code
    for frame in history.frames:
        if frame.sender != "cable" or not isinstance(frame.item, Sent) or frame.early <= end.late + CROSSING_S:
            continue
        if not history.undisturbed(end.early, frame.late):
            return
        if frame.item.session == story.id:
            what = f"it goes on in a session that the socket ended by {end.name} {word.name} at {end.t:.3f} s"
            yield Breach(OVER, "cable", what, frame)
        elif word not in PASSING | PASSING_REASONS:
            what = f"it calls again after {end.name} {word.name} at {end.t:.3f} s, which ended its sessions for good"
            yield Breach(OVER, "cable", what, frame)


def ends(story: Story, frame: Frame) -> bool:
    """Tell whether the socket ends a funded session by a message that the cable heard."""
    if frame.sender != "socket" or frame.lost or not story.of(Funding, "cable", frame):
        return False
    if isinstance(frame.item, Error):
        return frame.item.code not in HARMLESS and (frame.item.sequence == 0 or story.is_new(frame))
    return isinstance(frame.item, Close) and story.is_new(frame)


def _left(history: History, story: Story) -> Iterator[Breach]:
    """Find coins that a cable declares although the socket said that those of another payment are there."""
    end = next((each for each in story.frames if ends(story, each)), None)
    if end is None or not isinstance(close := end.item, Close) or end.late >= history.tampered_at:
        return
    if any(isinstance(each.item, Close | Error) for each in story.frames if each.sender == "cable" and each.t <= end.t):
        return  # its own session has ended: it may drop what comes
    scripts = {funding.change_script for funding in story.fundings(end)}
    left = {name for _, payment in story.of(Payment, "cable", end) for name in changes(payment, scripts)}
    if all(txid != close.txid for txid, _ in left):
        return
    due = sorted(each for each in left if each[0] == close.txid)
    for frame in history.frames:
        funding = frame.item
        if not isinstance(funding, Funding) or frame.sender != "cable" or frame.t <= end.t:
            continue
        declared = [(coin.txid, coin.index) for coin in funding.coins]
        if declared != due and history.undisturbed(end.early, frame.late):
            what = f"it declares {declared[0][0]}:{declared[0][1]}, and CLOSE at {end.t:.3f} s named {close.txid}"
            yield Breach(LEFT, "cable", what, frame)
        return


def changes(payment: Payment, scripts: set[bytes]) -> Iterator[tuple[str, int]]:
    """Yield the outputs of a payment that go back to the cable."""
    try:
        transaction = parse(payment.transaction)
    except NoTransaction:
        return
    for index, output in enumerate(transaction.vout):
        if bytes(output.scriptPubKey) in scripts:
            yield txid_of(transaction), index


def _begun_anew(history: History, story: Story) -> Iterator[Breach]:
    """Find a session that a cable begins after a restart although the one in which it paid is not over."""
    said = [frame for frame in story.frames if frame.sender == "cable"]
    if not story.of(Payment, "cable"):
        return
    over = min((each.early for each in story.frames if isinstance(each.item, Close | Error)), default=math.inf)
    for frame in history.frames:
        hello = frame.item
        if frame.sender != "cable" or not isinstance(hello, Hello) or not said[-1].late < frame.early < over:
            continue
        if hello.session != story.id and history.restarted("cable", said[-1].early, frame.late):
            what = f"it restarted, and begins a session although {story.id.hex()}, in which it paid, is not over"
            yield Breach(KEPT, "cable", what, frame)


def _forgotten(history: History, story: Story) -> Iterator[Breach]:
    """Find a socket that no longer knows a session in which it took payments, after a restart."""
    taken = story.of(Receipt, "socket")
    for frame, error in story.of(Error, "socket"):
        closed = story.of(Close, None, frame)
        if error.code is not ErrorCode.UNKNOWN_SESSION or not taken or closed or frame.t < taken[0][0].t:
            continue
        if history.restarted("socket", taken[0][0].early, frame.late) and frame.late < history.tampered_at:
            yield Breach(KEPT, "socket", "it restarted, and does not know the session in which it took payments", frame)
