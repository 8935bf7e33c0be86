"""Tricks on the wire, for both sides: bytes that are no frames, frames that are no messages, and bad timing."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import cbor2

from hil.links.abuses.messages import ANYTHING
from hil.links.abuses.model import Cheat, Trick
from hil.protocol.codes import CloseReason
from hil.protocol.wire.framing import DELIMITER, encode_frame
from hil.protocol.wire.messages import Close, Hello, Message, Offer, encode_message

ENDLESS = b"\x5a" * 6000
"""Longer than the longest frame (4117 bytes), without a zero."""
NOISE_SIZE = 1000
DRIBBLE_S = 0.002
"""Between two bytes of a sender that dribbles: 500 bytes a second instead of 11 520."""
DEEP = 200
"""Nested arrays; three are allowed."""


def _noise(cheat: Cheat) -> bytes:
    bits = random.Random(cheat.words)  # noqa: S311  # noise, the same in every run
    return bytes(bits.randrange(1, 256) for _ in range(NOISE_SIZE))


def _corrupt(cheat: Cheat, message: Message) -> Sequence[Message]:
    frame = bytearray(encode_frame(encode_message(message)))
    frame[8] ^= 1 if frame[8] != 1 else 2  # never a zero, which would end the frame
    cheat.tools.write(bytes(frame))
    return ()


def _corrupt_many(cheat: Cheat, message: Message) -> Sequence[Message]:
    frame = bytearray(encode_frame(encode_message(Close(message.session, message.sequence, CloseReason.FAULT, 0, ""))))
    frame[8] ^= 1 if frame[8] != 1 else 2
    cheat.tools.write(bytes(frame) * cheat.amount)
    return (message,)


def _before(make: Callable[[Cheat], bytes]) -> Callable[[Cheat, Message], Sequence[Message]]:
    def act(cheat: Cheat, message: Message) -> Sequence[Message]:
        cheat.tools.write(make(cheat))
        return (message,)

    return act


def _payload(make: Callable[[list[object]], bytes]) -> Callable[[Cheat, Message], Sequence[Message]]:
    """Send a payload that is nearly the message before the message itself; ``make`` gets its plain fields."""

    def act(cheat: Cheat, message: Message) -> Sequence[Message]:
        cheat.tools.write(encode_frame(make(cbor2.loads(encode_message(message)))))
        return (message,)

    return act


def _oversize_transaction(fields: list[object]) -> bytes:
    return cbor2.dumps([b"\x5a" * 3600 if isinstance(field, bytes) and len(field) > 8 else field for field in fields])


def _delay(cheat: Cheat, message: Message) -> Sequence[Message]:
    cheat.later(cheat.amount / 1000, lambda: cheat.send_now(message))
    return ()


def _dribble(cheat: Cheat, message: Message) -> Sequence[Message]:
    idle = not cheat.queue
    cheat.queue += encode_frame(encode_message(message))

    def next_byte() -> None:
        cheat.tools.write(bytes([cheat.queue.pop(0)]))
        if cheat.queue:
            cheat.later(DRIBBLE_S, next_byte)

    if idle:
        cheat.later(DRIBBLE_S, next_byte)
    return ()


def _replay_first(cheat: Cheat, message: Message) -> Sequence[Message]:
    first = (cheat.earlier.get(Hello) or cheat.earlier[Offer])[0]
    return first, message


def line_tricks(kind: type[Message]) -> Mapping[str, Trick]:
    """Return the tricks by name; ``kind`` is what they wait for: PAYMENT of a cable, PAYMENT_REQUEST of a socket."""
    payloads: dict[str, Callable[[list[object]], bytes]] = {
        "unknown-type": lambda fields: cbor2.dumps([99, *fields[1:]]),
        "missing-field": lambda fields: cbor2.dumps(fields[:-1]),
        "extra-field": lambda fields: cbor2.dumps([*fields, 0]),
        "mistyped-field": lambda fields: cbor2.dumps([*fields[:3], "two", *fields[4:]]),
        "float-field": lambda fields: cbor2.dumps([*fields[:3], 1.5, *fields[4:]]),
        "indefinite-array": lambda fields: b"\x9f" + b"".join(cbor2.dumps(field) for field in fields) + b"\xff",
        "deep-nesting": lambda fields: b"\x81" * DEEP + b"\x01",
        "oversize-transaction": _oversize_transaction,
    }
    return MappingProxyType(
        {
            **{name: Trick(kind, _payload(make), once=True) for name, make in payloads.items()},
            "corrupt-frame": Trick(kind, _corrupt, once=True),
            "corrupt-many": Trick(kind, _corrupt_many, once=True),
            "noise": Trick(kind, _before(lambda cheat: _noise(cheat) + DELIMITER), once=True),
            "empty-frames": Trick(kind, _before(lambda cheat: DELIMITER * cheat.amount), once=True),
            "endless-frame": Trick(kind, _before(lambda cheat: ENDLESS), once=True),
            "oversize-frame": Trick(kind, _before(lambda cheat: ENDLESS + DELIMITER), once=True),
            "replay-frame": Trick(kind, lambda cheat, message: (message, message), once=True),
            "replay-first": Trick(kind, _replay_first, once=True),
            "delay": Trick(kind, _delay),
            "dribble": Trick(ANYTHING, _dribble),
        }
    )
