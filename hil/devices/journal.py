"""What a device must not forget in a power cut: the newest signed transaction, and how many addresses it used.

A record is its CRC-32 and its CBOR; one that does not check is refused loudly, never silently used.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cbor2

from hil.errors import PeerViolation

if TYPE_CHECKING:
    from hil.devices.board import Storage

_SESSION = "session"
_ADDRESSES = "addresses"


class TornRecord(PeerViolation):
    """A stored record does not check: the device's storage is damaged."""


@dataclass(frozen=True)
class OpenSession:
    """A session that was not settled when the record was written."""

    session: bytes
    n: int
    transaction: bytes


class DeviceJournal:
    """Implements :class:`hil.links.players.Journal` on a device's storage."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def remember(self, session: bytes, n: int, transaction: bytes) -> None:
        self._write(_SESSION, [session, n, transaction])

    def forget(self) -> None:
        """The session is settled."""
        self._write(_SESSION, None)

    def open_session(self) -> OpenSession | None:
        """Return the session that a power cut left open, if any; raises TornRecord."""
        record = self._read(_SESSION)
        if record is None:
            return None
        match record:
            case [bytes() as session, int() as n, bytes() as transaction]:
                return OpenSession(session, n, transaction)
        raise self._torn(_SESSION, "does not hold a session")

    def take_address_index(self) -> int:
        """Return an index that was never returned before, also across power cuts; raises TornRecord."""
        index = self.addresses_used()
        self._write(_ADDRESSES, index + 1)
        return index

    def addresses_used(self) -> int:
        """Return how many indices were taken; raises TornRecord."""
        used = self._read(_ADDRESSES)
        if used is None:
            return 0
        if isinstance(used, int) and used >= 0:
            return used
        raise self._torn(_ADDRESSES, "does not hold a number")

    def _write(self, name: str, value: object) -> None:
        body = cbor2.dumps(value)
        self._storage.write(name, zlib.crc32(body).to_bytes(4, "big") + body)

    def _read(self, name: str) -> object:
        record = self._storage.read(name)
        if record is None:
            return None
        checksum, body = record[:4], record[4:]
        if zlib.crc32(body).to_bytes(4, "big") != checksum:
            raise self._torn(name, "does not match its checksum")
        try:
            return cbor2.loads(body)
        except (cbor2.CBORError, ValueError):
            raise self._torn(name, "is no CBOR") from None

    @staticmethod
    def _torn(name: str, how: str) -> TornRecord:
        # never started over with: a lost count would offer an address twice, a lost payment is money
        return TornRecord(f"record '{name}' {how}", place="device storage", remedy="Replace or restore the storage.")
