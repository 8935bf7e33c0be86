"""Rules on energy: what is told against the lab meter, power against the session, what flowed against what was paid."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from hil.judge.invariants.history import SIDES, Frame, History, Reading, Story
from hil.judge.invariants.rules import CONTACT, ENERGY, OVERLOAD, UNPAID, Breach
from hil.judge.messages import Close, Funding, Hello, Meter, Offer, Payment, PaymentRequest, Receipt
from hil.judge.transactions import bought_mwh

CLASS, APART_WH = 0.02, 0.1
"""An honest meter errs by at most so much, and two readings differ by at most so much (SPEC, "Two meters")."""

AGE_S = 1.5
"""So old may be what a device says of its meter."""

CUT_OFF_S = 0.5
"""SPEC, "Timers and limits": the slowest cut."""

OVERLOAD_S = 1.0
"""SPEC, "Timers and limits": how long an appliance may draw more than is sold."""

READ_S = 1.0
"""A socket may notice so late what its meter shows: it tells its meter each `meter_s`."""

RESUMED_S = 3.0
"""SPEC, "Timers and limits", `pay_to_contact_s`: so long ago may be what made a socket close its contact."""

UNPAID_WH = 0.1
POWER_W = 1.0
"""SPEC, "Timers and limits": below this power an appliance draws none."""


def breaches(history: History) -> Iterator[Breach]:
    """Yield what breaks one of these rules."""
    lab = _Lab(history)
    for side in SIDES:
        if side in history.under_test:
            for story in history.sessions.values():
                yield from _claims(history, lab, side, story)
    if "socket" in history.under_test:
        yield from _power(history)
        yield from _resumed(history)
        yield from _unpaid(history)
        yield from _overload(history)


class _Lab:
    """The energy at the lab meter by any instant."""

    def __init__(self, history: History) -> None:
        self._readings = delivered(history.readings, history.off_w)
        self._early = [each.early for each in history.readings]
        self._late = [each.late for each in history.readings]
        self._history = history

    def flowed(self, begun: Frame, early: float, late: float) -> tuple[float, float] | None:
        """Return the least and the most Wh that flowed from a frame until some instant in between; None if unknown."""
        first, then = self._at(begun.early, begun.late), self._at(early, late)
        if first is None or then is None:
            return None
        low, high = max(0.0, then[0] - first[1]), max(0.0, then[1] - first[0])
        spread = self._history.uncertainty_wh(high) + self._history.off_w * (late - begun.early) / 3600
        return low - spread, high + spread

    def _at(self, early: float, late: float) -> tuple[float, float] | None:
        before, after = bisect_right(self._late, early) - 1, bisect_left(self._early, late)
        if after == len(self._readings):
            return None
        low = self._readings[before].energy_wh if before >= 0 else 0.0
        return low, self._readings[after].energy_wh


def delivered(readings: Sequence[Reading], off_w: float) -> Sequence[Reading]:
    """Return the readings with the energy that went to the appliance: what flowed back is not subtracted.

    Without power that flowed back they are the same. Where it turned between two readings, that counts as nothing.
    """
    if all(each.power_w >= -off_w for each in readings):
        return readings
    found, returned = [readings[0]], 0.0
    for before, each in pairwise(readings):
        if min(before.power_w, each.power_w) < -off_w:
            returned += max(0.0, before.energy_wh - each.energy_wh)
        found.append(each._replace(energy_wh=each.energy_wh + returned))
    return found


def _claims(history: History, lab: _Lab, side: str, story: Story) -> Iterator[Breach]:
    begun: Frame | None = None
    newest: Frame | None = None
    told = written = signed = 0
    for frame in story.frames:
        message = frame.item
        if frame.sender != side or frame.late >= history.faulty_at:
            continue
        if isinstance(message, Payment) and message.n > signed:  # what it had counted by then is written down before
            written, signed = told, message.n
        if isinstance(message, Offer | Funding):
            begun = begun or frame
        if not isinstance(message, Meter | PaymentRequest | Close) or begun is None:
            continue
        claimed = message.energy_mwh
        if newest is not None and claimed < told and not history.restarted(side, newest.early, frame.late):
            yield Breach(ENERGY, side, f"it tells {claimed} mWh after it told {told} mWh", frame)
        elif newest is not None and claimed < written:
            what = f"it tells {claimed} mWh, and had written down {written} mWh or more before it paid"
            yield Breach(ENERGY, side, what, frame)
        newest, told = frame, claimed
        flowed = lab.flowed(begun, frame.early, frame.late)
        most = flowed[1] * (1 + CLASS) + APART_WH if flowed is not None else math.inf
        if claimed / 1000 > most:
            yield Breach(ENERGY, side, f"it tells {claimed} mWh, and at most {most * 1000:.0f} mWh are true", frame)
        if isinstance(message, PaymentRequest) or not history.undisturbed(begun.early, frame.late):
            continue
        before = lab.flowed(begun, frame.early - AGE_S, frame.early - AGE_S)
        least = before[0] * (1 - CLASS) - APART_WH if before is not None else -math.inf
        if claimed / 1000 < least:
            yield Breach(ENERGY, side, f"it tells {claimed} mWh, and at least {least * 1000:.0f} mWh are true", frame)


def _power(history: History) -> Iterator[Breach]:
    """Hold each reading with power against the times at which a session may have had credit."""
    allowed = [_allowed(story) for story in history.sessions.values()]
    if not history.whole:
        # a session of an earlier scenario may go on
        begun = min((frame.early for frame in history.frames if _is_new(frame)), default=math.inf)
        allowed.append((-math.inf, begun + CUT_OFF_S))
    reported: set[Frame | None] = set()
    least_w = max(history.off_w, POWER_W)
    for reading in history.readings:
        if reading.late >= history.faulty_at:
            return
        if reading.power_w < least_w:
            continue
        if any(begun <= reading.late and reading.early <= end for begun, end in allowed):
            continue
        said = [frame for frame in history.sent_by("socket") if frame.early <= reading.early]
        frame = said[-1] if said else None
        if frame not in reported:
            reported.add(frame)
            what = f"{reading.power_w:.1f} W flow at {reading.late:.3f} s, and no session has a payment then"
            yield Breach(CONTACT, "socket", what, frame)


def _resumed(history: History) -> Iterator[Breach]:
    """Find power after a restart of the socket that no message of the cable brought about."""
    heard = [
        frame
        for frame in history.sent_by("cable")
        if isinstance(frame.item, Hello | Meter | Payment) and not frame.lost
    ]
    for cut, _ in history.cut.get("socket", ()) if history.whole else ():
        after = [each for each in history.readings if each.early > cut]
        dead = next((place for place, each in enumerate(after) if each.power_w < history.off_w), len(after))
        on = next((each for each in after[dead:] if each.power_w >= max(history.off_w, POWER_W)), None)
        if on is None or on.late >= min(history.faulty_at, history.held_at):
            continue
        if not any(on.early - RESUMED_S <= frame.late and frame.early <= on.late for frame in heard):
            said = [frame for frame in history.sent_by("socket") if frame.early <= on.late]
            what = f"it restarted, and {on.power_w:.1f} W flow at {on.late:.3f} s before its cable spoke (suspended)"
            yield Breach(CONTACT, "socket", what, said[-1] if said else None)


def _is_new(frame: Frame) -> bool:
    """Tell whether a frame is an OFFER of a session that begins: what was before is over."""
    return isinstance(frame.item, Offer) and frame.item.sequence == 1


def _allowed(story: Story) -> tuple[float, float]:
    """Return from when until when power may flow in a session: from its first payment until after its CLOSE."""
    paid, closed = story.of(Payment, "cable"), story.of(Close, "socket")
    if not paid:
        return math.inf, -math.inf
    return paid[0][0].early, closed[-1][0].late + CUT_OFF_S if closed else math.inf


def _unpaid(history: History) -> Iterator[Breach]:
    """Hold what flowed against what was credited: at each receipt against those before it, at the end against all.

    Neither a restart nor a fault may have come between.
    """
    said = history.sent_by("socket")
    if not said or not history.readings or not history.whole:
        return
    readings, bought, newest = delivered(history.readings, history.off_w), dict[bytes, float](), None
    late = [each.late for each in readings]
    for frame, story, receipt in _receipts(history):
        before = bisect_right(late, frame.early) - 1
        if frame.late >= history.faulty_at or not history.undisturbed(said[0].early, frame.late):
            return
        if before >= 0 and (what := _beyond(history, readings[before], bought)):
            yield Breach(UNPAID, "socket", f"{what}, by the receipt of payment {receipt.n}", frame)
            return
        if offers := story.of(Offer, "socket"):
            newest = frame
            paid_wh = bought_mwh(offers[-1][1], receipt.n) / 1000
            bought[story.id] = max(paid_wh, bought.get(story.id, 0.0))
    # what is switched before the socket first speaks, or after it spoke last, explains nothing that flowed
    if history.faulty_at < math.inf or not history.undisturbed(said[0].early, said[-1].late):
        return
    if what := _beyond(history, readings[-1], bought):
        yield Breach(UNPAID, "socket", what, newest)


def _receipts(history: History) -> Iterator[tuple[Frame, Story, Receipt]]:
    """Yield what the socket receipted, of all sessions in the order of time."""
    stories = history.sessions.values()
    found = [(frame, story, receipt) for story in stories for frame, receipt in story.of(Receipt, "socket")]
    yield from sorted(found, key=lambda each: each[0].t)


def _beyond(history: History, reading: Reading, bought: Mapping[bytes, float]) -> str:
    """Return how much more had flowed by a reading than the sessions had bought; empty if that is not sure."""
    energy, paid_wh = reading.energy_wh, sum(bought.values())
    spread = history.uncertainty_wh(energy) + history.off_w * reading.late / 3600
    most = paid_wh * (1 + CLASS) + UNPAID_WH * max(1, len(bought)) + spread
    if energy <= most:
        return ""
    return f"{energy:.3f} Wh flowed, {paid_wh:.3f} Wh were paid for, and at most {most:.3f} Wh may flow"


def _overload(history: History) -> Iterator[Breach]:
    """Hold rows of readings above the power that was sold against the time that they may last."""
    sold = [frame.item.max_power_w for frame in history.sent_by("socket") if isinstance(frame.item, Offer)]
    most = max(sold, default=math.inf) * (1 + CLASS) + history.off_w
    since: float | None = None
    for reading in history.readings:
        if reading.late >= history.faulty_at:
            return
        if reading.power_w <= most:
            since = None
            continue
        since = reading.late if since is None else since
        if reading.early - since > OVERLOAD_S + READ_S + CUT_OFF_S:
            said = [frame for frame in history.sent_by("socket") if frame.early <= reading.early]
            what = (
                f"{reading.power_w:.1f} W flow at {reading.late:.3f} s, after {reading.late - since:.1f} s of overload"
            )
            yield Breach(OVERLOAD, "socket", what, said[-1] if said else None)
            return
