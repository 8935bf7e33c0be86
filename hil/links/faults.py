"""What can happen to messages on the line, as rules: which messages, and what becomes of their bytes.

A rule acts on whole messages, as a person who writes a scenario thinks of them. It holds no clock and no line: bytes go
in, pieces come out, each with the time that it is held back. Every choice comes from the scenario's seed.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hil.links.abuses.forgery import altered
from hil.links.baud import resample

Direction = Literal["to socket", "to cable"]
"""Where the bytes are going; they come from the other of the two."""

DIRECTIONS: tuple[Direction, Direction] = ("to socket", "to cable")

BYTE_GAP_S = 0.0002
"""Between two bytes that are written one by one: more than their 87 µs at 115 200 8N1, so that each arrives alone."""

MOST_FLIPPED_BITS = 3
"""A corrupted message has one to three wrong bits; CRC-32 finds all of these in a frame of the longest size."""


class FaultKind(enum.StrEnum):
    """What becomes of a message."""

    DROP = "dropped"
    DUPLICATE = "duplicated"
    REORDER = "overtaken"
    """It is held until the next one in its direction has passed."""
    CORRUPT = "corrupted"
    TRUNCATE = "truncated"
    """Its end is missing, with the zero that closes the frame: what comes next is taken for the rest of it."""
    DELAY = "delayed"
    FRAGMENT = "sent byte by byte"
    GARBLE = "garbled"
    """The two ends run at different baud rates."""
    BREAK_BEFORE = "lost as the link broke"
    """It, and everything for ``dead_s`` in both directions."""
    BREAK_AFTER = "the last before the link broke"
    """It passes, and nothing for ``dead_s`` in either direction."""
    SWALLOW = "swallowed with all that followed"
    """It, and everything for ``dead_s`` in its direction; the other goes on."""
    ALTER = "altered"
    """It passes with the field ``forgery`` changed (:mod:`hil.links.abuses.forgery`)."""
    INVENT = "followed by a forgery"
    """It passes, and the forged message ``forgery`` goes towards ``forged_to`` before it can be answered."""


SEQUELS = frozenset({FaultKind.BREAK_BEFORE, FaultKind.BREAK_AFTER, FaultKind.SWALLOW, FaultKind.INVENT})
"""With these something happens to the link as a whole when that message has passed."""


@dataclass(frozen=True)
class FaultRule:
    """Which messages, and what becomes of them.

    :param to: the direction; None: both.
    :param message: name of the only type that it strikes, as in SPEC.md; None: all bytes that pass.
    :param first: number of the first such message that it may strike, from 1.
    :param count: how many it strikes at most; None: all.
    :param share: of those that it may strike, 0 to 1, chosen at random.
    :param delay_s: for DELAY: seconds that it is held back.
    :param jitter_s: for DELAY: at most so many seconds more, evenly distributed. Order is kept.
    :param bauds: for GARBLE: of the sender and of the receiver.
    :param dead_s: for BREAK_BEFORE, BREAK_AFTER and SWALLOW: seconds until bytes pass again.
    :param forgery: for ALTER and INVENT: what is changed, or said.
    :param forged_to: for INVENT: who gets it.
    """

    kind: FaultKind
    to: Direction | None = None
    message: str | None = None
    first: int = 1
    count: int | None = None
    share: float = 1.0
    delay_s: float = 0.0
    jitter_s: float = 0.0
    bauds: tuple[int, int] = (0, 0)
    dead_s: float = 0.0
    forgery: str = ""
    forged_to: Direction = "to socket"


@dataclass(frozen=True)
class Piece:
    """Bytes that leave together.

    :param after: seconds that they are held back.
    :param gap: seconds between two of their bytes; 0: at once.
    :param overtaken: they leave behind the next piece.
    """

    data: bytes
    after: float = 0.0
    gap: float = 0.0
    overtaken: bool = False


class ActiveRule:
    """A rule while it is in force: it counts, and draws from its own sequence of random numbers."""

    def __init__(self, rule: FaultRule, seed: str) -> None:
        self.rule = rule
        self._random = random.Random(seed)  # noqa: S311  # faults, the same in every run
        self._seen = 0
        self._struck = 0

    @property
    def spent(self) -> bool:
        """Tell whether it has struck as often as it may."""
        return self.rule.count is not None and self._struck >= self.rule.count

    def strikes(self, direction: Direction, message: str) -> bool:
        """Tell whether it strikes this message, ``""`` for bytes that are none; counts it if it may."""
        rule = self.rule
        if self.spent or rule.to not in (None, direction) or rule.message not in (None, message):
            return False
        self._seen += 1
        if self._seen < rule.first or (rule.share < 1 and self._random.random() >= rule.share):
            return False
        self._struck += 1
        return True

    def act(self, pieces: Sequence[Piece]) -> list[Piece]:
        """Return what becomes of the pieces of one message."""
        return [after for piece in pieces for after in _ACTS[self.rule.kind](piece, self.rule, self._random)]


def _corrupt(piece: Piece, rule: FaultRule, bits: random.Random) -> list[Piece]:
    data = bytearray(piece.data)
    body = max(1, len(data) - 1) * 8  # the closing zero stays, so that it costs this message only
    for bit in bits.sample(range(body), bits.randint(1, MOST_FLIPPED_BITS)):
        data[bit // 8] ^= 1 << bit % 8
    return [replace(piece, data=bytes(data))]


def _truncate(piece: Piece, rule: FaultRule, bits: random.Random) -> list[Piece]:
    return [replace(piece, data=piece.data[: bits.randrange(1, max(2, len(piece.data) - 1))])]


def _delay(piece: Piece, rule: FaultRule, bits: random.Random) -> list[Piece]:
    return [replace(piece, after=piece.after + rule.delay_s + bits.uniform(0, rule.jitter_s))]


def _garble(piece: Piece, rule: FaultRule, bits: random.Random) -> list[Piece]:
    return [replace(piece, data=resample(piece.data, *rule.bauds))]


_ACTS: dict[FaultKind, Callable[[Piece, FaultRule, random.Random], list[Piece]]] = {
    FaultKind.DROP: lambda piece, rule, bits: [],
    FaultKind.DUPLICATE: lambda piece, rule, bits: [piece, piece],
    FaultKind.REORDER: lambda piece, rule, bits: [replace(piece, overtaken=True)],
    FaultKind.CORRUPT: _corrupt,
    FaultKind.TRUNCATE: _truncate,
    FaultKind.DELAY: _delay,
    FaultKind.FRAGMENT: lambda piece, rule, bits: [replace(piece, gap=BYTE_GAP_S)],
    FaultKind.GARBLE: _garble,
    FaultKind.BREAK_BEFORE: lambda piece, rule, bits: [],
    FaultKind.BREAK_AFTER: lambda piece, rule, bits: [piece],
    FaultKind.SWALLOW: lambda piece, rule, bits: [],
    FaultKind.ALTER: lambda piece, rule, bits: [replace(piece, data=altered(piece.data, rule.forgery))],
    FaultKind.INVENT: lambda piece, rule, bits: [piece],
}
