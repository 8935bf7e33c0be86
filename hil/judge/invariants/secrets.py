"""The rule on secrets: no encoding of an account's seed or keys is on the line or on a console."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from bitcoin.base58 import CBase58Data
from embit import bip39

from hil.judge.frames import FrameFlaw, payload_of
from hil.judge.invariants.accounts import known_account
from hil.judge.invariants.history import SIDES, Frame, History
from hil.judge.invariants.rules import SECRET, Breach

WIF_VERSIONS, XPRV_VERSIONS = (0x80, 0xEF), tuple(bytes.fromhex(each) for each in ("0488ade4", "04358394", "045f18bc"))
"""Main and test networks: a key; an extended key (xprv, tprv, vprv)."""

_BASE58 = re.compile(b"[1-9A-HJ-NP-Za-km-z]{51}")
"""What each key in WIF and each extended key begins with: they have 51 characters of base58 at least."""

WORDS = 6
"""So many words of a list one after the other are no chance: 66 bits."""


def breaches(history: History) -> Iterator[Breach]:
    """Yield what breaks the rule: the first message, and the console, of each side."""
    for side in SIDES:
        seed = history.accounts.get(side)
        if side not in history.under_test or seed is None:
            continue
        patterns = Patterns(seed)
        frames = history.sent_by(side)
        if patterns.found_in(b"".join(map(_payload, frames))):
            for frame in frames:
                if found := patterns.found_in(_payload(frame)):
                    yield Breach(SECRET, side, f"it tells {found[0]} on the line", frame)
                    break
        if found := patterns.found_in(history.consoles.get(side, "").encode()):
            yield Breach(SECRET, side, f"it tells {found[0]} on its console")


class Patterns:
    """What the secrets of an account look like.

    :param seed: its BIP 32 seed, 16 to 64 bytes.
    """

    def __init__(self, seed: bytes) -> None:
        known = known_account(seed)
        root, account, chains = known.root, known.account, known.chains
        keys = [key for chain in known.keys for key in chain]
        self._secrets = [("the seed of its account", seed)]
        self._secrets += [("a private key", key.key.secret) for key in (root, account, *chains, *keys)]
        self._extended = (root, account, *chains)
        self._lower = [(f"{name} in hex{order}", each.hex().encode()) for name, order, each in self._both_orders()]
        self._plain = [found for name, secret in self._secrets for found in _plain(name, secret)]
        self._words = bip39.mnemonic_from_bytes(seed).split() if len(seed) in (16, 20, 24, 28, 32) else []

    def _both_orders(self) -> Iterator[tuple[str, str, bytes]]:
        for name, secret in self._secrets:
            yield name, "", secret
            yield name, ", reversed", secret[::-1]

    @cached_property
    def _with_base58(self) -> list[tuple[str, bytes]]:
        """The same as ``_plain`` and what base58 makes of the keys: to reckon that takes as long as all the rest."""
        found: list[tuple[str, bytes]] = []
        for name, secret in self._secrets:
            found += _plain(name, secret)
            if name == "a private key":
                found += [(f"{name} in WIF", text) for text in _in_wif(secret)]
        for key in self._extended:
            texts = [str(key.to_base58(version)).encode() for version in XPRV_VERSIONS]
            found += [("an extended private key", text) for text in texts]
        return found

    def found_in(self, data: bytes) -> list[str]:
        """Return the names of what is in ``data``, as often as it is there."""
        lower = data.lower()
        plain = self._with_base58 if _BASE58.search(data) else self._plain
        found = [name for name, text in plain for _ in range(data.count(text))]
        found += [name for name, text in self._lower for _ in range(lower.count(text))]
        return found + ["the words of its account"] * self._words_in(lower)

    def _words_in(self, lower: bytes) -> bool:
        if not self._words or (self._words[0].encode() not in lower and self._words[-1].encode() not in lower):
            return False
        said = re.findall("[a-z]+", lower.decode(errors="replace"))
        return any(_holds(said, self._words[start : start + WORDS]) for start in range(len(self._words) - WORDS + 1))


def _holds(said: Sequence[str], words: Sequence[str]) -> bool:
    return any(list(said[start : start + len(words)]) == list(words) for start in range(len(said)))


def _plain(name: str, secret: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield how a secret reads where upper and lower case differ: as it is and in base64, in both orders of bytes."""
    for order, each in (("", secret), (", reversed", secret[::-1])):
        yield f"{name}{order}", each
        for text in _in_base64(each):
            yield f"{name} in base64{order}", text
        for text in _in_base64(each, b"-_"):
            yield f"{name} in base64url{order}", text


def _in_wif(secret: bytes) -> Iterator[bytes]:
    """Yield a private key as wallets import it, for each network, of an uncompressed and of a compressed public key."""
    for version in WIF_VERSIONS:
        for end in (b"", b"\x01"):
            yield str(CBase58Data.from_bytes(secret + end, version)).encode()


def _in_base64(secret: bytes, others: bytes | None = None) -> Iterator[bytes]:
    """Yield how a secret reads in base64 at each offset within its groups, without what its neighbours decide."""
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + secret, others).rstrip(b"=")
        if others is None or {*others} & {*text}:
            yield text[(0, 2, 3)[offset] : -1]


def _payload(frame: Frame) -> bytes:
    try:
        return payload_of(frame.raw[:-1])
    except FrameFlaw:
        return frame.raw
