"""One direction of a tapped link: passes bytes on, reports each message, and applies the fault rules to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from hil.judge.frames import DELIMITER, LONGEST_ENCODED, Decoded, FrameReader
from hil.judge.messages import Message, Sent, message_name
from hil.links.faults import SEQUELS, ActiveRule, Direction, FaultKind, FaultRule, Piece

if TYPE_CHECKING:
    from hil.clock import Clock, Timer

LONGEST_FRAME = LONGEST_ENCODED + len(DELIMITER)
"""Bytes without a zero beyond this are no frame: a rule waits no longer for their end."""

OVERTAKEN_S = 1.0
"""A message that is to be overtaken waits this long for the next one."""


class Observer(Protocol):
    """Is told what happens on the link, in order."""

    def on_frame(self, direction: Direction, item: Decoded, raw: bytes, *, lost: bool) -> None:
        """A whole frame came from its sender.

        :param lost: the receiver does not get it, or not as it was.
        """

    def on_fault(self, direction: Direction, message: str, kind: FaultKind) -> None:
        """A rule was applied to a message, ``""`` for bytes that are none."""

    def on_state(self, what: str) -> None:
        """The link as a whole has changed: interrupted, restored, babbling, quiet, a message forged."""


def _nowhere(data: bytes) -> None:
    """Drop bytes: no receiver is connected yet."""


class TapChannel:
    """Passes bytes on to ``out``. Without a rule each chunk passes at once, unchanged, after its frames were reported.

    :param rules: those in force on the link, shared by both directions.
    :param on_sequel: called after a message whose rule also affects the link as a whole.
    """

    def __init__(
        self,
        direction: Direction,
        clock: Clock,
        observer: Observer,
        rules: list[ActiveRule],
        on_sequel: Callable[[Direction, FaultRule], None],
    ) -> None:
        self.out: Callable[[bytes], None] = _nowhere
        self.cut_by: set[str] = set()
        """Why no byte is taken from the sender; empty: all are. What is held by then still goes out."""
        self.newest: Message | None = None
        """The message that came last."""
        self._direction = direction
        self._clock = clock
        self._observer = observer
        self._rules = rules
        self._on_sequel = on_sequel
        self._reader = FrameReader()
        self._partial = b""
        """The beginning of a frame that a rule may strike when it is whole."""
        self._inside = False
        """Whether the newest byte that passed unheld was in the middle of a frame: its rest passes unheld too."""
        self._clean = True
        """Whether nothing that is no frame stands before what comes next, which would be taken for a part of it."""
        self._overtaken: list[Piece] = []
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._timer: Timer | None = None

    @property
    def idle(self) -> bool:
        """Whether the next chunk will pass at once and unchanged."""
        return not (self._rules or self._partial or self._overtaken or self._waiting or self.cut_by)

    def feed(self, data: bytes) -> None:
        """Take bytes from the sender."""
        if self.cut_by:
            self._lose(data)
            return
        if not self._rules:
            self.flush()
            self._pass(data)
            return
        if self._inside:
            head, end, data = data.partition(DELIMITER)
            self._pass(head + end)
        *whole, self._partial = (self._partial + data).split(DELIMITER)
        for number, frame in enumerate(whole):
            if self.cut_by:  # by the message before
                rest, self._partial = DELIMITER.join([*whole[number:], self._partial]), b""
                self._lose(rest)
                return
            self._strike(frame + DELIMITER)
        if len(self._partial) >= LONGEST_FRAME:
            noise, self._partial = self._partial, b""
            self._strike(noise)
        if not self._rules:
            self.flush()

    def flush(self) -> None:
        """Pass on the beginning of a frame that was held for a rule which is no longer in force."""
        if self._partial:
            data, self._partial = self._partial, b""
            self._pass(data)

    def _lose(self, data: bytes) -> None:
        data, self._partial = self._partial + data, b""
        if not data:
            return
        for item, raw in self._reader.feed(data):
            self._see(item, raw, lost=True)
        torn = self._inside or not data.endswith(DELIMITER)
        self._clean = self._clean and not torn
        self._inside = not data.endswith(DELIMITER)

    def inject(self, data: bytes) -> None:
        """Send the receiver bytes that did not come from the sender."""
        self._send([Piece(data)])

    def _pass(self, data: bytes) -> None:
        if not data:
            return
        for item, raw in self._reader.feed(data):
            self._see(item, raw, lost=not self._clean)
            self._clean = True
        self._inside = not data.endswith(DELIMITER)
        self._hold(Piece(data))
        if self._overtaken and not self._inside:
            self._wait_no_longer(self._overtaken)

    def _strike(self, data: bytes) -> None:
        seen = self._reader.feed(data)
        message = next((_name(item) for item, _ in seen), "")
        pieces = [Piece(data)]
        struck: list[FaultRule] = []
        for active in self._rules:
            if active.strikes(self._direction, message):
                pieces = active.act(pieces)
                struck.append(active.rule)
        self._rules[:] = [active for active in self._rules if not active.spent]
        for item, raw in seen:
            self._see(item, raw, lost=not self._arrives(data, pieces))
        for rule in struck:
            self._observer.on_fault(self._direction, message, rule.kind)
        self._send(pieces)
        for rule in struck:
            if rule.kind in SEQUELS:
                self._on_sequel(self._direction, rule)

    def _see(self, item: Decoded, raw: bytes, *, lost: bool) -> None:
        if isinstance(item, Sent):
            self.newest = item
        self._observer.on_frame(self._direction, item, raw, lost=lost)

    def _arrives(self, data: bytes, pieces: Sequence[Piece]) -> bool:
        """Tell whether one of the pieces is the frame as it was, and comes where the receiver awaits a frame."""
        clean = self._clean
        for piece in pieces:
            if clean and piece.data == data:
                return True
            clean = piece.data.endswith(DELIMITER)
        return False

    # --- out ---------------------------------------------------------------------------------------------------

    def _send(self, pieces: Sequence[Piece]) -> None:
        passing = [piece for piece in pieces if not piece.overtaken]
        if passing:
            passing += self._overtaken
            self._overtaken = []
        overtaken = [piece for piece in pieces if piece.overtaken]
        self._overtaken += overtaken
        self._hold_all(passing)
        if overtaken:
            self._clock.call_at(self._clock.now() + OVERTAKEN_S, lambda: self._wait_no_longer(overtaken))

    def _wait_no_longer(self, pieces: Sequence[Piece]) -> None:
        self._hold_all([piece for piece in pieces if piece in self._overtaken])
        self._overtaken = [piece for piece in self._overtaken if piece not in pieces]

    def _hold_all(self, pieces: Sequence[Piece]) -> None:
        for piece in pieces:
            self._clean = piece.data.endswith(DELIMITER)
            self._hold(piece)

    def _hold(self, piece: Piece) -> None:
        """Send a piece when it is due, and never before what came earlier."""
        if not piece.data:
            return
        now = self._clock.now()
        due = now + piece.after
        if self._waiting:
            due = max(due, self._waiting[-1][0] + piece.gap)
        parts = [piece.data] if not piece.gap else [bytes([byte]) for byte in piece.data]
        for number, part in enumerate(parts):
            self._waiting.append((due + number * piece.gap, part))
        self._release()

    def _release(self) -> None:
        now = self._clock.now()
        while self._waiting and self._waiting[0][0] <= now:
            self.out(self._waiting.popleft()[1])
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            self._timer = self._clock.call_at(self._waiting[0][0], self._release)


def _name(item: Decoded) -> str:
    return message_name(item) if isinstance(item, Sent) else ""
