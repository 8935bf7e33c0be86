"""What a scenario does to the link between socket and cable: which messages suffer what, and when the line fails."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.judge.messages import (
    MESSAGES as KINDS,
)
from hil.judge.messages import (
    Funding,
    Hello,
    Offer,
    Payment,
    PaymentRequest,
    Receipt,
    message_name,
)
from hil.links.abuses.forgery import ALTERATIONS
from hil.links.faults import DIRECTIONS, Direction, FaultKind, FaultRule
from hil.protocol.wire.messages import message_name as device_name

if TYPE_CHECKING:
    from hil.scenario.scenario import ScenarioRun

VERBS: dict[str, FaultKind] = {
    "loses": FaultKind.DROP,
    "duplicates": FaultKind.DUPLICATE,
    "reorders": FaultKind.REORDER,
    "corrupts": FaultKind.CORRUPT,
    "truncates": FaultKind.TRUNCATE,
}
"""What a link does to a share of its messages."""

DAMAGES: dict[str, FaultKind] = {kind.value: kind for kind in VERBS.values()}
"""What becomes of a single message."""

BREAKS: dict[str, FaultKind] = {"before": FaultKind.BREAK_BEFORE, "after": FaultKind.BREAK_AFTER}

WAYS: dict[str, Direction] = {direction.replace("to ", "to the "): direction for direction in DIRECTIONS}

MESSAGES = tuple(KINDS)

LINK_BAUD = 115_200
LOWEST_BAUD, HIGHEST_BAUD = 300, 4_000_000
"""What UARTs can be set to."""

MOST_FLAPS = 600
"""A minute: ten a second leave 50 ms for a message to pass."""

_FROM_CABLE = {message_name(kind) for kind in (Hello, Funding, Payment)}
_FROM_SOCKET = {message_name(kind) for kind in (Offer, PaymentRequest, Receipt)}


def no_share(percent: float) -> str:
    """Return why this is no share of the messages that a fault can strike, ``""`` if it is."""
    return "" if 0 < percent <= 100 else f"{percent:g} % is no share of the messages; above 0 %, at most 100 %"


def no_baud(baud: int) -> str:
    """Return why one end of the link cannot run at this rate while the other has its own, ``""`` if it can."""
    if LOWEST_BAUD <= baud <= HIGHEST_BAUD and baud != LINK_BAUD:
        return ""
    return f"{baud} baud is no other rate of a UART; {LOWEST_BAUD} to {HIGHEST_BAUD}, and not {LINK_BAUD}"


def too_many_flaps(times_a_minute: int) -> str:
    """Return why the link cannot flap so often, ``""`` if it can."""
    if 1 <= times_a_minute <= MOST_FLAPS:
        return ""
    return f"a link can flap 1 to {MOST_FLAPS} times a minute, not {times_a_minute} times"


def wrong_way(message: str, way: str) -> str:
    """Return why no message of this type goes this way, ``""`` if it does."""
    there, sender = ("to the socket", "cable") if message in _FROM_CABLE else ("to the cable", "socket")
    if way == there or message not in _FROM_CABLE | _FROM_SOCKET:
        return ""
    return f"{message} comes from the {sender} and goes {there}, not {way}"


def strike_share(scenario: ScenarioRun, verb: str, percent: float, way: str | None = None) -> None:
    """Let this share of all messages suffer ``verb`` of ``VERBS`` from now on, in one direction or both."""
    if what := no_share(percent):
        raise AuthorError(what)
    to = WAYS[way] if way is not None else None
    scenario.put_in_force(FaultRule(VERBS[verb], to=to, share=percent / 100))


def strike(
    scenario: ScenarioRun, message: str, way: str, damage: str, *, first: int = 1, count: int | None = 1
) -> None:
    """Let messages of one type suffer ``damage`` of ``DAMAGES``, ``count`` of them from the ``first`` from now on."""
    scenario.put_in_force(FaultRule(DAMAGES[damage], _direction(message, way), message, first, count))


def delay(scenario: ScenarioRun, seconds: float, jitter: float = 0.0) -> None:
    """Hold every message back from now on."""
    scenario.put_in_force(FaultRule(FaultKind.DELAY, delay_s=seconds, jitter_s=jitter))


def delay_messages(
    scenario: ScenarioRun, message: str, way: str, seconds: float, *, first: int = 1, count: int | None
) -> None:
    """Hold messages of one type back."""
    rule = FaultRule(FaultKind.DELAY, _direction(message, way), message, first, count, delay_s=seconds)
    scenario.put_in_force(rule)


def fragment(scenario: ScenarioRun) -> None:
    """Hand every message over byte by byte from now on."""
    scenario.put_in_force(FaultRule(FaultKind.FRAGMENT))


def mismatch_baud(scenario: ScenarioRun, device: str, baud: int) -> None:
    """Let one end of the link run at another baud rate than the other, from now on."""
    if what := no_baud(baud):
        raise AuthorError(what)
    for direction in DIRECTIONS:
        bauds = (LINK_BAUD, baud) if direction == f"to {device}" else (baud, LINK_BAUD)
        scenario.put_in_force(FaultRule(FaultKind.GARBLE, direction, bauds=bauds))


def break_at(scenario: ScenarioRun, moment: str, message: str, way: str, nth: int, seconds: float = math.inf) -> None:
    """Let the link die before or after the nth message of a type from now on, in both directions."""
    scenario.put_in_force(FaultRule(BREAKS[moment], _direction(message, way), message, nth, 1, dead_s=seconds))


def swallow_from(scenario: ScenarioRun, message: str, way: str, nth: int, seconds: float) -> None:
    """Let the nth message of a type from now on, and what follows it in its direction, vanish for a while."""
    scenario.put_in_force(FaultRule(FaultKind.SWALLOW, _direction(message, way), message, nth, 1, dead_s=seconds))


def alter(scenario: ScenarioRun, what: str, message: str, way: str, *, first: int = 1, count: int | None = 1) -> None:
    """Let somebody on the line change ``what`` of ``ALTERATIONS`` in messages of one type, from the ``first`` on."""
    known = sorted(map(device_name, ALTERATIONS[what][1]), key=MESSAGES.index)
    if message not in known:
        raise AuthorError(f"no {what} stands in a {message}; it does in {', '.join(known)}")
    rule = FaultRule(FaultKind.ALTER, _direction(message, way), message, first, count, forgery=what)
    scenario.put_in_force(rule)


def invent(scenario: ScenarioRun, what: str, device: str) -> None:
    """Let somebody on the line say something of ``INVENTIONS`` to one device, now."""
    scenario.tap().forge(what, WAYS[f"to the {device}"])


def invent_after(scenario: ScenarioRun, what: str, device: str, message: str, way: str, nth: int) -> None:
    """The same right after the nth message of a type from now on, before it can have been answered."""
    to = WAYS[f"to the {device}"]
    rule = FaultRule(FaultKind.INVENT, _direction(message, way), message, nth, 1, forgery=what, forged_to=to)
    scenario.put_in_force(rule)


def say_again(scenario: ScenarioRun, message: str, way: str, nth: int) -> None:
    """Let somebody on the line say the nth message of a type once more, as the newest of its sender."""
    direction = _direction(message, way)
    said = [each for each in scenario.recorder.frames if each.direction == direction]
    found = [each for each in said if message_name(each.message) == message]
    if len(found) < nth:
        raise AuthorError(f"only {len(found)} {message} went {way} so far")
    again = found[nth - 1]
    scenario.tap().say_again(again.message, bytes.fromhex(str(again.event.data["bytes"])), direction)


def half_open(scenario: ScenarioRun, device: str, seconds: float) -> None:
    """Let nothing through towards one device for a while, and everything from it; returns when it is over."""
    scenario.tap().interrupt((WAYS[f"to the {device}"],), seconds)
    scenario.observer.sleep(seconds)


def babble(scenario: ScenarioRun, seconds: float, device: str | None = None) -> None:
    """Let the link carry random bytes for a while, towards one device or both; returns when it is over."""
    for direction in DIRECTIONS if device is None else (WAYS[f"to the {device}"],):
        scenario.tap().babble(direction, seconds)
    scenario.observer.sleep(seconds)


def flap(scenario: ScenarioRun, times_a_minute: int, seconds: float) -> None:
    """Let the link come and go, half of the time dead; returns when it is over."""
    if what := too_many_flaps(times_a_minute):
        raise AuthorError(what)
    period = 60 / times_a_minute
    end = scenario.clock.now() + seconds
    while scenario.clock.now() + period <= end + period / 1000:
        scenario.tap().interrupt(DIRECTIONS, period / 2)
        scenario.observer.sleep(period)


def _direction(message: str, way: str) -> Direction:
    """Return the direction; AuthorError for a message that never goes there."""
    if what := wrong_way(message, way):
        raise AuthorError(what)
    return WAYS[way]
