"""A device's account in its storage: made once, backed up as words, restored from words.

The storage holds the entropy, not the seed: the words can be told again, and a passphrase, if there is one, is never
stored. It also holds the fingerprint of the master key, so that a wrong passphrase is noticed.

**After a restore no address is offered twice.** The words do not tell how many addresses the lost device has used. A
restored account therefore goes on at the index that is the number of seconds since 2026-01-01 (UTC) at its restore. A
device counts from 0 and uses one index for a session, far less than one in a second over its life, so the restored
account is ahead of all that it used before, and a later restore is ahead of an earlier one. The indices of BIP 32
(below 2**31) last until 2094. Coins at addresses behind such a jump are found by a wallet only if its scan is told the
index; the restore says it. Who knows the count of the lost device (the backup tells it) may name it instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import cbor2

from hil.devices.storage.journal import DeviceJournal, TornRecord
from hil.devices.storage.mnemonic import Mnemonic, fingerprint
from hil.errors import ConfigurationError

if TYPE_CHECKING:
    from hil.devices.storage.file_storage import FileStorage

_ACCOUNT = "account"
_VERSION = 1
_ORIGIN = datetime(2026, 1, 1, tzinfo=UTC)
ENTROPY_BYTES = 32
"""24 words."""


@dataclass(frozen=True)
class Restored:
    """What a restore did.

    :param same: the account was there already; nothing was changed.
    :param first_index: index of the next address that the device offers.
    """

    same: bool
    first_index: int


@dataclass(frozen=True)
class _Stored:
    words: Mnemonic
    fingerprint: bytes
    restore_to: int | None
    """The index to go on from, while a restore is not through; a power cut may come between its steps."""


class AccountStore:
    """The account in one device's storage.

    :param entropy: source of randomness, for tests; default is the operating system's.
    """

    def __init__(self, storage: FileStorage, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._storage = storage
        self._entropy = entropy

    def exists(self) -> bool:
        """Return whether there is an account; raises TornRecord."""
        return self._stored() is not None

    def open_or_create(self, passphrase: str = "") -> bytes:
        """Return the BIP 32 seed (64 bytes, secret) of the account, which is made if this is the first start.

        :raises ConfigurationError: the passphrase is not the account's.
        :raises TornRecord: the account is damaged, or gone although the device was in use.
        """
        if self._stored() is None:
            used = self._storage.names()
            if used:
                raise TornRecord(
                    f"there is no account, but there are records of one ({', '.join(used)})",
                    place="device storage",
                    remedy="Restore the account from its words (hil device restore).",
                )
            words = Mnemonic(self._entropy(ENTROPY_BYTES))
            self._keep(_Stored(words, fingerprint(words.seed(passphrase)), None))
        return self.seed(passphrase)

    def seed(self, passphrase: str = "") -> bytes:
        """Return the BIP 32 seed; raises as ``open_or_create``, and ConfigurationError if there is no account."""
        stored = self._finished(self._present())
        seed = stored.words.seed(passphrase)
        if fingerprint(seed) != stored.fingerprint:
            raise ConfigurationError(
                "the passphrase is not the one of this account" if passphrase else "this account has a passphrase",
                place="device storage",
                remedy="Give the passphrase with which it was made.",
            )
        return seed

    def words(self) -> Mnemonic:
        """Return the words of the account; they need the passphrase, if there is one, to be of use."""
        return self._present().words

    def fingerprint(self) -> bytes:
        """Return the four bytes that name the account's master key (BIP 32); not secret."""
        return self._present().fingerprint

    def addresses_used(self) -> int:
        """Return how many indices were taken; raises TornRecord."""
        return DeviceJournal(self._storage).addresses_used()

    def restore(self, words: Mnemonic, passphrase: str = "", *, first_index: int, replace: bool = False) -> Restored:
        """Put the account of ``words`` into the storage; also after a power cut in it, all of it or nothing.

        Records of another account go with it: its coins, its count, its settled session.

        :param first_index: where its addresses go on; see ``first_index_at``.
        :param replace: another account may be overwritten if nothing of it is unsettled.
        :raises ConfigurationError: the storage is in use by another account, and ``replace`` does not help.
        """
        if not 0 <= first_index < 2**31:
            raise ConfigurationError(f"{first_index} is no index of an address; 0 to {2**31 - 1} are")
        mark = fingerprint(words.seed(passphrase))
        present = self._stored()
        if present is not None and present.words == words and present.fingerprint == mark:
            self._finished(present)
            return Restored(True, self.addresses_used())
        if present is not None or self._storage.names():
            self._may_be_replaced(replace)
        self._finished(_Stored(words, mark, first_index))
        return Restored(False, first_index)

    def _may_be_replaced(self, replace: bool) -> None:
        if not replace:
            raise ConfigurationError(
                "the storage is in use by another account",
                place="device storage",
                remedy="Back that up and say --replace, or restore into an empty folder.",
            )
        if DeviceJournal(self._storage).open_session() is not None:
            raise ConfigurationError(
                "a session of the other account is not settled yet; replacing it would lose its newest payment",
                place="device storage",
                remedy="Start the device and let it settle, or restore into an empty folder.",
            )

    def _finished(self, stored: _Stored) -> _Stored:
        """Carry out what is left of a restore; each step may be done twice."""
        if stored.restore_to is None:
            return stored
        self._keep(stored)
        for name in self._storage.names():
            if name != _ACCOUNT:
                self._storage.remove(name)
        if stored.restore_to:
            DeviceJournal(self._storage).skip_addresses(stored.restore_to)
        done = _Stored(stored.words, stored.fingerprint, None)
        self._keep(done)
        return done

    def _present(self) -> _Stored:
        stored = self._stored()
        if stored is None:
            raise ConfigurationError(
                "there is no account", place="device storage", remedy="It is made when the device starts first."
            )
        return stored

    def _keep(self, stored: _Stored) -> None:
        to = [] if stored.restore_to is None else [stored.restore_to]
        self._storage.write(_ACCOUNT, cbor2.dumps([_VERSION, stored.words.reveal_entropy(), stored.fingerprint, to]))

    def _stored(self) -> _Stored | None:
        record = self._storage.read(_ACCOUNT)
        if record is None:
            return None
        try:
            match cbor2.loads(record):
                case [1, bytes() as entropy, bytes() as mark, []]:
                    return _Stored(Mnemonic(entropy), mark, None)
                case [1, bytes() as entropy, bytes() as mark, [int() as index]]:
                    return _Stored(Mnemonic(entropy), mark, index)
        except (cbor2.CBORError, ValueError):
            pass
        raise TornRecord("record 'account' does not hold an account", place="device storage") from None


def first_index_at(now: datetime) -> int:
    """Return where the addresses of an account go on that is restored ``now``; see the module.

    :raises ConfigurationError: the calendar of this machine is wrong.
    """
    index = int((now - _ORIGIN).total_seconds())
    if not 0 < index < 2**31:
        raise ConfigurationError(
            f"the calendar of this machine says {now:%Y-%m-%d}; a restore needs the true date",
            remedy="Set the clock, or say --first-index with the number of addresses that the account has used.",
        )
    return index
