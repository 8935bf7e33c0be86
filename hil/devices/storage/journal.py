"""What a device must not forget in a power cut: the session that runs, its coins, how many addresses it used.

A record is its CRC-32 and its CBOR; one that does not check is refused loudly, never silently used.
"""

from __future__ import annotations

import contextlib
import zlib
from typing import TYPE_CHECKING, ClassVar

import cbor2

from hil.errors import ExitCode, HilError, RigFault
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.records import BadRecord, Record, decode_record, encode_record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hil.devices.board import Storage

PLACE = "device storage"
"""How a device's errors name its storage where its path says nothing."""

_SESSION = "session"
_ADDRESSES = "addresses"
_COINS = "coins"
_GIVEN = "coins given"
_UNCONFIRMED = "unburied"
"""Name in the storage; kept from earlier versions, whose records are read still."""


class StorageFailed(HilError):
    """The device's storage cannot be used: it is full, read-only, or damaged.

    The device stops with its contact open (SPEC, "Boot and power-on"). It is no RigFault: that is what a ledger raises
    that gives no answer, and a device goes on after it.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.RIG_FAULT


class TornRecord(StorageFailed):
    """A stored record does not check: the device's storage is damaged."""

    exit_code: ClassVar[ExitCode] = ExitCode.DEVICE_FAILURE


class DeviceJournal:
    """Implements :class:`hil.endpoints.common.Journal` on a device's storage."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._open = False

    def remember(self, record: Record) -> None:
        """Write the session down as it stands."""
        self._open = True
        self._write(_SESSION, encode_record(record))

    def forget(self) -> None:
        """Remove the session; it is over and settled."""
        if self._open:  # spare the flash: most sessions that end without a payment left nothing here
            self._open = False
            self._write(_SESSION, None)

    def open_session(self) -> Record | None:
        """Return the session that a power cut left open, if any; raises TornRecord."""
        record = self._read(_SESSION)
        if record is None:
            return None
        self._open = True
        if not isinstance(record, bytes):
            raise self._torn(_SESSION, "does not hold a session")
        try:
            return decode_record(record)
        except BadRecord as bad:
            raise self._torn(_SESSION, str(bad)) from None

    def keep_coins(self, candidates: Sequence[tuple[Coin, ...]]) -> None:
        """Write down the sets of coins of which one is what the cable has left, the likeliest first."""
        self._write_coins(_COINS, candidates)

    def coins(self) -> list[tuple[Coin, ...]] | None:
        """Return the sets of coins kept last, None if there never were any; raises TornRecord."""
        return self._read_coins(_COINS)

    def take_given(self, given: tuple[Coin, ...]) -> bool:
        """Note the coins that the device is given by its profile; tell whether they are others than last time."""
        if self._read_coins(_GIVEN) == [given]:
            return False
        self._write_coins(_GIVEN, [given])
        return True

    def _write_coins(self, name: str, candidates: Sequence[tuple[Coin, ...]]) -> None:
        sets = [
            [[coin.outpoint.txid, coin.outpoint.index, int(coin.value), coin.script] for coin in coins]
            for coins in candidates
        ]
        self._write(name, sets)

    def _read_coins(self, name: str) -> list[tuple[Coin, ...]] | None:
        sets = self._read(name)
        if sets is None:
            return None
        found: list[tuple[Coin, ...]] = []
        try:
            for items in sets:  # type: ignore[attr-defined]  # any other type raises TypeError
                coins = [Coin(OutPoint(txid, index), value, script) for txid, index, value, script in items]
                if any(len(coin.outpoint.txid) != 64 or coin.value <= 0 or not coin.script for coin in coins):
                    raise ValueError
                found.append(tuple(coins))
        except (TypeError, ValueError):
            raise self._torn(name, "does not hold coins") from None
        return found

    def take_address_index(self) -> int:
        """Return an index that was never returned before, also across power cuts; raises TornRecord."""
        index = self.addresses_used()
        self._write(_ADDRESSES, index + 1)
        return index

    def keep_unconfirmed(self, transactions: Sequence[bytes]) -> None:
        """Keep the transactions that were broadcast and on which too few blocks lie."""
        self._write(_UNCONFIRMED, list(transactions))

    def unconfirmed(self) -> list[bytes]:
        """Return the transactions kept last; raises TornRecord."""
        found = self._read(_UNCONFIRMED)
        if found is None:
            return []
        if isinstance(found, list) and all(isinstance(each, bytes) for each in found):
            return found
        raise self._torn(_UNCONFIRMED, "does not hold transactions")

    def skip_addresses(self, first: int) -> None:
        """Go on with index ``first``: those below may have been taken before the storage was replaced."""
        self._write(_ADDRESSES, first)

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
        with _as_failed_storage():
            self._storage.write(name, zlib.crc32(body).to_bytes(4, "big") + body)

    def _read(self, name: str) -> object:
        with _as_failed_storage():
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
        return TornRecord(f"record '{name}' {how}", place=PLACE, remedy="Replace or restore the storage.")


@contextlib.contextmanager
def _as_failed_storage() -> Iterator[None]:
    """Tell what the storage could not do as StorageFailed."""
    try:
        yield
    except RigFault as fault:
        raise StorageFailed(fault.what, place=fault.place, remedy=fault.remedy) from None
