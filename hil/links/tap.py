"""The rig's tap on the link between socket and cable (docs/system.md): records messages, applies fault rules.

With two devices it stands between their lines (*pair*); with one it stands between that device and the counterpart that
the rig plays. In both cases each direction has a :class:`hil.links.channel.TapChannel`.
"""

from __future__ import annotations

import random
import statistics
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.clock import stopwatch
from hil.errors import AuthorError
from hil.judge.messages import message_name
from hil.links.abuses.forgery import invented, renumbered
from hil.links.channel import Observer, TapChannel
from hil.links.faults import DIRECTIONS, ActiveRule, Direction, FaultKind, FaultRule

if TYPE_CHECKING:
    from hil.clock import Clock
    from hil.judge.messages import Message
    from hil.ports import Line

BYTE_S = 10 / 115_200
"""Time of one byte on the line: 115 200 8N1."""

NEWEST_CHUNKS = 10_000
"""The median of the wall time is that of the newest ones: minutes of a chatty session."""

BABBLE_PERIOD_S = 0.05
BABBLE_BYTES = 288
"""So many bytes in each period are half of what the line can carry."""


@dataclass(frozen=True)
class Latency:
    """What the tap added, over the chunks that it forwarded between two devices while no rule was in force.

    :param sent_again_s: (median, largest) time of a chunk on the second line, in seconds: a device sends it to the rig,
        and the rig sends it once more. Bytes that come one by one are forwarded one by one; then only the last one's
        time is added.
    :param forwarding_s: (median, largest) wall time until a chunk was written on, in seconds: in virtual time since it
        was read, in real time since it had come.
    """

    chunks: int
    bytes: int
    sent_again_s: tuple[float, float]
    forwarding_s: tuple[float, float]


class Tap:
    """Both directions of the link.

    :param seed: decides every random choice of the rules.
    """

    def __init__(self, clock: Clock, seed: str, observer: Observer) -> None:
        self._clock = clock
        self._seed = seed
        self._added = 0
        self._rules: list[ActiveRule] = []
        self._observer = observer
        self._breaks = 0
        self.channels = {
            direction: TapChannel(direction, clock, observer, self._rules, self._follow) for direction in DIRECTIONS
        }
        # a long session has millions of chunks: only what their number does not make larger is kept
        self._sizes: Counter[int] = Counter()
        self._took: deque[float] = deque(maxlen=NEWEST_CHUNKS)
        self._longest = 0.0

    # --- between what ------------------------------------------------------------------------------------------

    def join(self, socket_line: Line, cable_line: Line) -> None:
        """Carry bytes between two devices, from now on."""
        for direction, source, sink in (("to socket", cable_line, socket_line), ("to cable", socket_line, cable_line)):
            channel = self.channels[direction]  # type: ignore[index]  # mypy forgets that these are directions
            channel.out = sink.write
            source.listen(self._measured(channel))

    def before(self, device: str, line: Line) -> TappedLine:
        """Return the line on which a counterpart talks to ``device`` (``socket``, ``cable``) through the tap."""
        there, back = DIRECTIONS if device == "socket" else reversed(DIRECTIONS)
        return TappedLine(line, self.channels[there], self.channels[back])

    def _measured(self, channel: TapChannel) -> Callable[[bytes], None]:
        def forward(data: bytes) -> None:
            idle, arrival, elapsed = channel.idle, self._clock.arrival, stopwatch()
            channel.feed(data)
            if idle:
                took = elapsed() if arrival is None else self._clock.now() - arrival.t
                self._took.append(took)
                self._longest = max(self._longest, took)
                self._sizes[len(data)] += 1

        return forward

    def latency(self) -> Latency | None:
        """Return what it added so far; None if it forwarded nothing between two devices."""
        if not self._sizes:
            return None
        return Latency(
            self._sizes.total(),
            sum(size * number for size, number in self._sizes.items()),
            (_median(self._sizes) * BYTE_S, max(self._sizes) * BYTE_S),
            (statistics.median(self._took), self._longest),
        )

    # --- faults ------------------------------------------------------------------------------------------------

    def add(self, rule: FaultRule) -> ActiveRule:
        """Put a rule in force, behind those that are; return it, to be removed."""
        self._added += 1
        active = ActiveRule(rule, f"{self._seed}/line fault {self._added}")
        self._rules.append(active)
        return active

    def remove(self, active: ActiveRule) -> None:
        """Put a rule out of force; one that has struck as often as it may is so already."""
        if active in self._rules:
            self._rules.remove(active)
        for channel in self.channels.values():
            if not self._rules:
                channel.flush()

    def unplug(self, *, unplugged: bool) -> None:
        """Let no byte through as long as the cable is pulled."""
        for channel in self.channels.values():
            (channel.cut_by.add if unplugged else channel.cut_by.discard)("plug")

    def interrupt(self, directions: Sequence[Direction], seconds: float) -> None:
        """Let no byte through in these directions for a while; interruptions may overlap."""
        self._breaks += 1
        why = f"interruption {self._breaks}"
        towards = "link" if len(directions) > 1 else f"link towards the {directions[0].removeprefix('to ')}"
        self._observer.on_state(f"{towards} dead for {seconds:g} s")
        for direction in directions:
            self.channels[direction].cut_by.add(why)

        def restore() -> None:
            for direction in directions:
                self.channels[direction].cut_by.discard(why)
            self._observer.on_state(f"{towards} restored")

        self._clock.call_at(self._clock.now() + seconds, restore)

    def forge(self, what: str, direction: Direction) -> None:
        """Let the receiver have a message of ``hil.links.abuses.forgery.INVENTIONS``, as if the other side sent it.

        Raises AuthorError if no message was seen yet whose session id could be used.
        """
        towards, back = self.channels[direction].newest, self.channels[_opposite(direction)].newest
        newest = towards or back
        if newest is None:
            raise AuthorError(f"nobody has said anything yet, so nobody can forge a {what}")
        frame = invented(what, newest.session, towards.sequence + 1 if towards is not None else 1)
        self._observer.on_state(f"{what} forged {direction.replace('to ', 'to the ')}: {frame.hex()}")
        self.channels[direction].inject(frame)

    def say_again(self, message: Message, frame: bytes, direction: Direction) -> None:
        """Let the receiver have a message that passed in this direction before, under the next sequence number.

        :param frame: its bytes.
        """
        newest = self.channels[direction].newest or message
        self._observer.on_state(f"{message_name(message)} said again {direction.replace('to ', 'to the ')}")
        self.channels[direction].inject(renumbered(frame, newest.sequence + 1))

    def _follow(self, direction: Direction, rule: FaultRule) -> None:
        if rule.kind is FaultKind.INVENT:
            self.forge(rule.forgery, rule.forged_to)
            return
        self.interrupt((direction,) if rule.kind is FaultKind.SWALLOW else DIRECTIONS, rule.dead_s)

    def babble(self, direction: Direction, seconds: float) -> None:
        """Let the receiver have random bytes for so long, at half the line's rate."""
        self._observer.on_state(f"link babbles {direction.replace('to ', 'to the ')} for {seconds:g} s")
        self._added += 1
        bits = random.Random(f"{self._seed}/line fault {self._added}")  # noqa: S311  # noise, the same in every run
        end = self._clock.now() + seconds

        def more() -> None:
            now = self._clock.now()
            if now < end:
                self.channels[direction].inject(bits.randbytes(BABBLE_BYTES))
                self._clock.call_at(min(end, now + BABBLE_PERIOD_S), more)
            else:
                self._observer.on_state(f"link quiet {direction.replace('to ', 'to the ')}")

        more()


def _opposite(direction: Direction) -> Direction:
    return "to cable" if direction == "to socket" else "to socket"


def _median(counted: Mapping[int, int]) -> int:
    """Return the value in the middle, of an even number of values the lower one."""
    middle, seen = (sum(counted.values()) + 1) // 2, 0
    for value in sorted(counted):
        seen += counted[value]
        if seen >= middle:
            return value
    raise AssertionError("nothing was counted")


class TappedLine:
    """A counterpart's end of the link: implements :class:`hil.ports.Line` over the line of the device."""

    def __init__(self, line: Line, to_device: TapChannel, from_device: TapChannel) -> None:
        self.name = line.name
        self._line = line
        self._to_device = to_device
        self._from_device = from_device
        to_device.out = line.write

    def write(self, data: bytes) -> None:
        """Send bytes to the device, through the tap."""
        self._to_device.feed(data)

    def listen(self, listener: Callable[[bytes], None]) -> None:
        """Give what the device sends, through the tap, to ``listener``."""
        self._from_device.out = listener
        self._line.listen(self._from_device.feed)
