"""The keys of a party: one seed, BIP 32 derivation along BIP 84 paths (embit), a fresh address each time.

The seed itself never leaves its owner: it is in no log, message or evidence, and ``repr`` does not show it.
"""

from __future__ import annotations

from embit.bip32 import HDKey
from embit.networks import NETWORKS

from hil.protocol.payment.signing import Key

RECEIVE, CHANGE = 0, 1
"""The two chains of BIP 44."""

ACCOUNT_PATH = "m/84h/1h/0h"
"""BIP 84 account 0 on a test network (coin type 1, SLIP 44)."""


class Account:
    """Keys by chain and index; the same seed always gives the same keys."""

    def __init__(self, seed: bytes, key_type: type[Key] = Key) -> None:
        """:param seed: 16 to 64 secret bytes (BIP 32). :param key_type: what signs with its keys."""
        if not 16 <= len(seed) <= 64:
            raise ValueError(f"a BIP 32 seed has 16 to 64 bytes, not {len(seed)}")
        self._account = HDKey.from_seed(seed, version=NETWORKS["regtest"]["xprv"]).derive(ACCOUNT_PATH)
        self._key_type = key_type
        self._chains: dict[int, HDKey] = {}  # a derivation step takes 0.1 ms, and keys come in runs of one chain

    def __repr__(self) -> str:
        return "Account(...)"

    @property
    def public(self) -> str:
        """The extended public key of ``ACCOUNT_PATH`` in Base58 (BIP 32), with which the addresses can be told."""
        return str(self._account.to_public().to_base58())

    def key(self, chain: int, index: int) -> Key:
        """Return the key at ``m/84'/1'/0'/chain/index``."""
        if chain not in self._chains:
            self._chains[chain] = self._account.derive([chain])
        return self._key_type(self._chains[chain].derive([index]).key.secret)
