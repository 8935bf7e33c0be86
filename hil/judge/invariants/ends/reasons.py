"""Rules on what a side refuses and why it closes: codes and reasons that it has, and what must have come before."""

from __future__ import annotations

from collections.abc import Iterator

from hil.judge.codes import CloseReason, ErrorCode
from hil.judge.invariants.history import SIDES, Frame, History, Story
from hil.judge.invariants.rules import CODE, REASON, Breach
from hil.judge.messages import Close, Error, Funding, Hello, Offer, Payment, Receipt

REASONS = {
    "socket": frozenset(CloseReason) - {CloseReason.APPLIANCE_FINISHED},
    "cable": frozenset({CloseReason.APPLIANCE_FINISHED, CloseReason.REFUSED, CloseReason.PEER_SILENT}),
}
"""What each side can close for (SPEC, "Why the socket closes", "Why the cable closes")."""

OF_TRANSACTIONS = frozenset(ErrorCode(number) for number in range(44, 60) if number != ErrorCode.ENERGY_OVERCLAIMED)
"""By which both sides name a difference (SPEC, "Naming a difference")."""

BOTH = OF_TRANSACTIONS | {
    ErrorCode.UNSUITABLE,
    ErrorCode.FUNDS_EXHAUSTED,
    ErrorCode.TRANSACTION_MALFORMED,
    ErrorCode.NOT_NEXT,
}

CABLES = BOTH | {
    ErrorCode.TARIFF_TOO_HIGH,
    ErrorCode.QUANTUM_TOO_HIGH,
    ErrorCode.QUANTUM_TOO_LOW,
    ErrorCode.FEE_RATE_TOO_HIGH,
    ErrorCode.PAYEE_SCRIPT,
    ErrorCode.TOO_MANY_PAYMENTS,
    ErrorCode.ENERGY_OVERCLAIMED,
    ErrorCode.PREMATURE,
    ErrorCode.RECEIPT_SHORT,
}

CODES = {"socket": frozenset(ErrorCode) - (CABLES - BOTH), "cable": CABLES}
"""What each side can refuse (SPEC, "What each side checks"); a cable does not answer what it cannot decode."""

IDLE_W = 1.0
"""SPEC, "Timers and limits": below this power an appliance draws none."""

IDLE_S = 10.0
"""SPEC, "Timers and limits": so long an appliance draws nothing until it is finished."""

READ_S = 1.25
"""A cable reads its power at least each second; the lab meter may see a step so much sooner or later."""


def breaches(history: History) -> Iterator[Breach]:
    """Yield what breaks one of these rules."""
    for side in SIDES:
        if side not in history.under_test:
            continue
        for story in history.sessions.values():
            for frame, error in story.of(Error, side):
                if error.code not in CODES[side]:
                    yield Breach(CODE, side, f"it tells ERROR {error.code.name}, which is no code of a {side}", frame)
            for frame, close in story.of(Close, side):
                if frame.late < history.tampered_at and (what := _flaw(history, story, side, frame, close)):
                    yield Breach(REASON, side, f"it closes for {close.reason.name}, {what}", frame)


def _flaw(history: History, story: Story, side: str, frame: Frame, close: Close) -> str:
    """Return what is wrong with the reason of a CLOSE; empty if nothing can be said against it."""
    if close.reason not in REASONS[side]:
        allowed = ", ".join(sorted(reason.name for reason in REASONS[side]))
        return f"which is no reason of a {side}; allowed are {allowed}"
    if not history.whole:
        return ""
    match close.reason:
        case CloseReason.PEER_CLOSED:
            return "" if story.of(Close, "cable", frame) else "and its peer sent no CLOSE"
        case CloseReason.REFUSED:
            return "" if story.of(Error, side, frame) else "and told no ERROR before it"
        case CloseReason.LIMIT_REACHED:
            return _below_limit(story, frame)
        case CloseReason.APPLIANCE_FINISHED:
            return _not_finished(history, story, frame)
        case CloseReason.PEER_RESTARTED:
            return "" if _other_hello(history, story, frame) else "and no other session was called for"
    return ""


def _below_limit(story: Story, frame: Frame) -> str:
    offers, fundings = story.of(Offer, "socket", frame), story.of(Funding, "cable", frame)
    if not offers or not fundings:
        return ""
    agreed = min(offers[-1][1].max_payments, *(funding.max_payments for _, funding in fundings))
    credited = max((receipt.n for _, receipt in story.of(Receipt, "socket", frame)), default=0)
    return "" if credited >= agreed else f"and credited {credited} payments of {agreed} that were agreed"


def _other_hello(history: History, story: Story, frame: Frame) -> bool:
    hellos = (each for each in history.frames if isinstance(each.item, Hello) and each.early <= frame.late)
    return any(each.item.session != story.id for each in hellos if isinstance(each.item, Hello))


def _not_finished(history: History, story: Story, frame: Frame) -> str:
    """Hold the end of an appliance against the lab meter: it drew power in the session, and then none for a while."""
    begun = story.of(Funding, "cable", frame)
    if not begun or not history.readings or not story.of(Payment, "cable", frame):
        return ""
    since = begun[0][0]
    if frame.late >= history.faulty_at or not history.undisturbed(since.early, frame.late):
        return ""
    seen = [each for each in history.readings if since.early <= each.late and each.early <= frame.late]
    least_w = max(IDLE_W, history.off_w)
    if not seen or seen[-1].late < frame.early - READ_S:
        return ""
    if all(each.power_w < IDLE_W - history.off_w for each in seen):
        return "and its appliance drew no power in the session"
    idle_from = frame.early - IDLE_S + READ_S
    drew = [each for each in seen if each.early >= idle_from and each.power_w > least_w + history.off_w]
    return f"and its appliance drew {drew[0].power_w:.1f} W at {drew[0].late:.3f} s" if drew else ""
