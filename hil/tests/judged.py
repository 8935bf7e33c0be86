"""What the devices' code says, as the judge reads it."""

from __future__ import annotations

from hil.judge import messages as judge
from hil.judge.frames import FrameReader
from hil.protocol.payment.coins import Coin
from hil.protocol.wire.framing import encode_frame
from hil.protocol.wire.messages import Message, encode_message


def judged(message: Message) -> judge.Message:
    """Return a message as it is read on the line."""
    ((item, _),) = FrameReader().feed(on_line(message))
    assert isinstance(item, judge.Sent), item
    return item


def on_line(message: Message) -> bytes:
    """Return the frame of a message."""
    return encode_frame(encode_message(message))


def judged_coin(coin: Coin) -> judge.Coin:
    """Return a coin as the judge speaks of it."""
    return judge.Coin(coin.outpoint.txid, coin.outpoint.index, int(coin.value), coin.script)
