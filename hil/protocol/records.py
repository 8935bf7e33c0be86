"""What each side writes down of a session, so that it can go on after a power cut (SPEC, "Restarts").

A record is one CBOR array in the plain form of the messages: what was agreed stands in it as the messages that agreed
it, so there is one encoding of terms and coins and one place that checks them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TypeAlias

from hil.protocol.codes import CloseReason
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.wire.cbor_subset import CborError, dumps, loads
from hil.protocol.wire.fields import MessageError
from hil.protocol.wire.messages import Funding, Offer, decode_message, encode_message
from hil.units import Satoshi

RECORD_VERSION = 1
SEQUENCE_JUMP = 1 << 16
"""A side that restarted counts on from its record and this: more messages than it can have sent since the record."""


class BadRecord(ValueError):
    """The bytes are no record of this version."""


@dataclass(frozen=True)
class SocketRecord:
    """A session of the socket in which at least one payment was credited.

    :param n: number of the newest payment credited, and ``transaction`` the signed transaction that makes it.
    :param delivered_mwh: energy delivered in the session, at least; the true one is at most ``remember_mwh`` more.
    :param closing: the reason of CLOSE if the session has ended and is still to be settled; 0 while it runs.
    """

    offer: Offer
    funding: Funding
    n: int
    transaction: bytes
    delivered_mwh: int
    sequence: int
    heard: int
    closing: int = 0

    @property
    def session(self) -> bytes:
        """Id of the session."""
        return self.offer.session


@dataclass(frozen=True)
class CableRecord:
    """A session of the cable in which at least one payment was signed.

    :param n: number of the newest payment signed; ``request`` its proposal, ``transaction`` the signed transaction.
    :param before: the signed transaction of payment n-1; empty if n is 1.
    :param used_mwh: energy used when payment n was signed.
    """

    offer: Offer
    funding: Funding
    n: int
    request: bytes
    transaction: bytes
    before: bytes
    used_mwh: int
    sequence: int
    heard: int

    @property
    def session(self) -> bytes:
        """Id of the session."""
        return self.offer.session


Record: TypeAlias = SocketRecord | CableRecord
_KINDS: dict[int, type[SocketRecord] | type[CableRecord]] = {1: SocketRecord, 2: CableRecord}


def encode_record(record: Record) -> bytes:
    """Return the one encoding of ``record``."""
    kind = next(number for number, each in _KINDS.items() if type(record) is each)
    values = [getattr(record, field.name) for field in dataclasses.fields(record)]
    if isinstance(record, SocketRecord) and not record.closing:
        values.pop()  # as earlier versions wrote it, and read it still
    plain = [encode_message(value) if isinstance(value, Offer | Funding) else value for value in values]
    return dumps([RECORD_VERSION, kind, *plain])


def decode_record(data: bytes) -> Record:
    """Return the record of these bytes; raises BadRecord."""
    try:
        items = loads(data)
        if not isinstance(items, list) or len(items) < 4 or items[0] != RECORD_VERSION:
            raise BadRecord("is of another version")
        kind = _KINDS[items[1]]
        offer, funding, *rest = items[2:]
        names = [field.name for field in dataclasses.fields(kind)]
        wanted = [bytes if name in {"transaction", "request", "before"} else int for name in names[2:]]
        if kind is SocketRecord and len(rest) < len(wanted):
            wanted.pop()
        elif kind is SocketRecord:
            CloseReason(rest[-1])
        if [type(value) for value in rest] != wanted or not isinstance(offer, bytes) or not isinstance(funding, bytes):
            raise BadRecord("has other fields")
        agreed = decode_message(offer), decode_message(funding)
        if not isinstance(agreed[0], Offer) or not isinstance(agreed[1], Funding):
            raise BadRecord("holds other messages")
        return kind(*agreed, *rest)  # type: ignore[arg-type]  # their types were compared above
    except (CborError, MessageError, KeyError, TypeError, IndexError, ValueError) as error:
        raise BadRecord(f"is no record ({error})") from None


def declared_coins(funding: Funding) -> tuple[Coin, ...]:
    """Return the coins of a FUNDING in their order."""
    return tuple(Coin(OutPoint(item.txid, item.index), Satoshi(item.value_sat), item.script) for item in funding.coins)
