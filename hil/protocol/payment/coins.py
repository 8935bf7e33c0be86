"""Outputs on the ledger, as both sides and the bench speak of them."""

from __future__ import annotations

from dataclasses import dataclass

from hil.units import Satoshi


@dataclass(frozen=True, order=True)
class OutPoint:
    """One output of one transaction.

    :param txid: transaction id in the order people and RPC read it (hex, 64 digits, lower case).
    :param index: position among the outputs, from 0.
    """

    txid: str
    index: int

    def __str__(self) -> str:
        return f"{self.txid}:{self.index}"


@dataclass(frozen=True)
class Coin:
    """An output that can be spent: where it is, what it is worth, and the script that guards it."""

    outpoint: OutPoint
    value: Satoshi
    script: bytes
    """scriptPubKey; P2WPKH (22 bytes) or P2PKH (25 bytes)."""
