"""What the account of a device has, and the rule on where its addresses come from."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache

from embit.bip32 import HDKey
from embit.hashes import hash160

from hil.judge.invariants.history import SIDES, Frame, History
from hil.judge.invariants.rules import KEYS, Breach
from hil.judge.messages import Funding, Offer

ACCOUNT_PATH = "m/84h/1h/0h"
"""BIP 84, account 0 on a test network."""

MAINNET_PATH = "m/84h/0h/0h"
OTHER_PATHS = (MAINNET_PATH, "m/84h/1h/1h", "m/44h/1h/0h", "m/49h/1h/0h", "m/86h/1h/0h")
"""Where keys of the same seed are looked for that should be of the account: who restores it from words misses them."""

RECEIVE, CHANGE = 0, 1
"""The chains of an account."""

MOST_KEYS = 8
"""Keys of each chain of an account that are looked for; a scenario uses fewer."""


class KnownAccount:
    """The keys of one account.

    :param seed: its BIP 32 seed, 16 to 64 bytes.
    """

    def __init__(self, seed: bytes) -> None:
        self.root = HDKey.from_seed(seed)
        self.account = self.root.derive(ACCOUNT_PATH)
        self.chains = [self.account.derive([chain]) for chain in (RECEIVE, CHANGE)]
        self.keys = [[chain.derive([index]) for index in range(MOST_KEYS)] for chain in self.chains]

    def paths_of(self, script: bytes) -> list[str]:
        """Return the paths of the account, and of other accounts of its seed, whose key a P2WPKH script pays."""
        return [path for path, found in (*self._scripts, *self._elsewhere) if found == script]

    def holds(self, chain: int, script: bytes) -> bool:
        """Tell whether a P2WPKH script pays a key of this chain."""
        return any(found == script for path, found in self._scripts if path.startswith(f"{ACCOUNT_PATH}/{chain}/"))

    @cached_property
    def _scripts(self) -> list[tuple[str, bytes]]:
        return [
            (f"{ACCOUNT_PATH}/{chain}/{index}", _script(key))
            for chain, keys in enumerate(self.keys)
            for index, key in enumerate(keys)
        ]

    @cached_property
    def _elsewhere(self) -> list[tuple[str, bytes]]:
        return [
            (f"{path}/{chain}/{index}", _script(derived.derive([index])))
            for path in OTHER_PATHS
            for chain in (RECEIVE, CHANGE)
            for derived in (self.root.derive(f"{path}/{chain}"),)
            for index in range(MOST_KEYS)
        ]


def _script(key: HDKey) -> bytes:
    return b"\x00\x14" + bytes(hash160(key.key.get_public_key().sec()))


@lru_cache(maxsize=4)
def known_account(seed: bytes) -> KnownAccount:
    """Return the account of a seed; two rules ask for each."""
    return KnownAccount(seed)


def breaches(history: History) -> Iterator[Breach]:
    """Yield scripts whose keys are of a device's seed, and not of the account and chain that they should be of.

    A script of another origin is left alone: a device may have its keys from elsewhere.
    """
    for side in SIDES:
        seed = history.accounts.get(side)
        if side not in history.under_test or seed is None:
            continue
        chain, due = (RECEIVE, "payee") if side == "socket" else (CHANGE, "change")
        judged: set[bytes] = set()
        for frame in history.sent_by(side):
            script = _told(frame)
            if script is None or script in judged:
                continue
            judged.add(script)
            account = known_account(seed)
            if not account.holds(chain, script) and (paths := account.paths_of(script)):
                what = f"the key of its {due} script {script.hex()} is {paths[0]}; due is {ACCOUNT_PATH}/{chain}/index"
                yield Breach(KEYS, side, what, frame)


def _told(frame: Frame) -> bytes | None:
    if isinstance(frame.item, Offer):
        return frame.item.payee_script
    return frame.item.change_script if isinstance(frame.item, Funding) else None
