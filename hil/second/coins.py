"""Coins and the two kinds of script that hold them."""

from __future__ import annotations

import enum
from dataclasses import dataclass

MOST_SATOSHI = 2_100_000_000_000_000
"""All the satoshi there can be."""


class ScriptKind(enum.Enum):
    """A kind of scriptPubKey: what spending it weighs, and below which amount an output to it is dust."""

    P2WPKH = "P2WPKH"
    P2PKH = "P2PKH"

    @property
    def input_weight(self) -> int:
        """Weight units of an input that spends it, signature and key included."""
        return 272 if self is ScriptKind.P2WPKH else 592

    @property
    def dust_sat(self) -> int:
        """Least amount of an output that nodes relay."""
        return 294 if self is ScriptKind.P2WPKH else 546


def kind_of(script: bytes) -> ScriptKind | None:
    """Return the kind of a scriptPubKey; None for any that this protocol does not allow."""
    if len(script) == 22 and script.startswith(b"\x00\x14"):
        return ScriptKind.P2WPKH
    if len(script) == 25 and script.startswith(b"\x76\xa9\x14") and script.endswith(b"\x88\xac"):
        return ScriptKind.P2PKH
    return None


def known_kind_of(script: bytes) -> ScriptKind:
    """Return the kind of a script that passed the checks. Raises ValueError for any other."""
    kind = kind_of(script)
    if kind is None:
        raise ValueError(f"the script {script.hex()} is neither P2WPKH nor P2PKH")
    return kind


def key_hash_of(script: bytes) -> bytes:
    """Return the 20 bytes of the key's hash in a script of either kind. Raises ValueError for any other script."""
    return script[2:] if known_kind_of(script) is ScriptKind.P2WPKH else script[3:-2]


@dataclass(frozen=True)
class Coin:
    """An output that can be spent.

    :param txid: the transaction that made it, as people write it: 64 hexadecimal digits, reversed to the line's bytes.
    :param index: its position among the outputs of that transaction.
    :param value_sat: what it holds.
    :param script: its scriptPubKey.
    """

    txid: str
    index: int
    value_sat: int
    script: bytes

    @property
    def outpoint(self) -> tuple[str, int]:
        """What an input names: transaction and position."""
        return self.txid, self.index
