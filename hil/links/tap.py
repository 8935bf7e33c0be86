"""The rig's tap on the link between socket and cable (DESIGN §2): it listens in, and does to messages what rules say.

With two devices it stands between their lines (*pair*); with one it stands between that device and the counterpart that
the rig plays. Either way both directions are seen, and struck, by the same machinery.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.clock import stopwatch
from hil.links.faults import DIRECTIONS, ActiveRule, Direction, FaultKind, FaultRule
from hil.links.way import Observer, Way

if TYPE_CHECKING:
    from hil.clock import Clock
    from hil.ports import Line

BYTE_S = 10 / 115_200
"""Time of one byte on the line: 115 200 8N1."""

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
        self.ways = {direction: Way(direction, clock, observer, self._rules, self._break) for direction in DIRECTIONS}
        self._sizes: list[int] = []
        self._took: list[float] = []

    # --- between what ------------------------------------------------------------------------------------------

    def join(self, socket_line: Line, cable_line: Line) -> None:
        """Carry bytes between two devices, from now on."""
        for direction, source, sink in (("to socket", cable_line, socket_line), ("to cable", socket_line, cable_line)):
            way = self.ways[direction]  # type: ignore[index]  # mypy forgets that these are directions
            way.out = sink.write
            source.listen(self._measured(way))

    def before(self, device: str, line: Line) -> TappedLine:
        """Return the line on which a counterpart talks to ``device`` (``socket``, ``cable``) through the tap."""
        there, back = DIRECTIONS if device == "socket" else reversed(DIRECTIONS)
        return TappedLine(line, self.ways[there], self.ways[back])

    def _measured(self, way: Way) -> Callable[[bytes], None]:
        def forward(data: bytes) -> None:
            idle, arrival, elapsed = way.idle, self._clock.arrival, stopwatch()
            way.feed(data)
            if idle:
                self._took.append(elapsed() if arrival is None else self._clock.now() - arrival.t)
                self._sizes.append(len(data))

        return forward

    def latency(self) -> Latency | None:
        """Return what it added so far; None if it forwarded nothing between two devices."""
        if not self._sizes:
            return None
        again = [size * BYTE_S for size in self._sizes]
        return Latency(
            len(self._sizes),
            sum(self._sizes),
            (statistics.median(again), max(again)),
            (statistics.median(self._took), max(self._took)),
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
        for way in self.ways.values():
            if not self._rules:
                way.flush()

    def unplug(self, *, unplugged: bool) -> None:
        """Let no byte through as long as the cable is pulled."""
        for way in self.ways.values():
            (way.cut_by.add if unplugged else way.cut_by.discard)("plug")

    def interrupt(self, directions: Sequence[Direction], seconds: float) -> None:
        """Let no byte through in these directions for a while; interruptions may overlap."""
        self._breaks += 1
        why = f"interruption {self._breaks}"
        towards = "link" if len(directions) > 1 else f"link towards the {directions[0].removeprefix('to ')}"
        self._observer.on_state(f"{towards} dead for {seconds:g} s")
        for direction in directions:
            self.ways[direction].cut_by.add(why)

        def restore() -> None:
            for direction in directions:
                self.ways[direction].cut_by.discard(why)
            self._observer.on_state(f"{towards} restored")

        self._clock.call_at(self._clock.now() + seconds, restore)

    def _break(self, direction: Direction, rule: FaultRule) -> None:
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
                self.ways[direction].inject(bits.randbytes(BABBLE_BYTES))
                self._clock.call_at(min(end, now + BABBLE_PERIOD_S), more)
            else:
                self._observer.on_state(f"link quiet {direction.replace('to ', 'to the ')}")

        more()


class TappedLine:
    """A counterpart's end of the link: implements :class:`hil.ports.Line` over the line of the device."""

    def __init__(self, line: Line, to_device: Way, from_device: Way) -> None:
        self.name = line.name
        self._line = line
        self._to_device = to_device
        self._from_device = from_device
        to_device.out = line.write

    def write(self, data: bytes) -> None:
        self._to_device.feed(data)

    def listen(self, listener: Callable[[bytes], None]) -> None:
        self._from_device.out = listener
        self._line.listen(self._from_device.feed)
