"""What a cable can pay from the coins that a scenario gives it, by the protocol's own sizes of transactions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hil.protocol.payment.signing import p2pkh_script, p2wpkh_script
from hil.protocol.payment.transactions import dust_limit, fee_for
from hil.protocol.policy import Mode, SocketTerms
from hil.scenario.plan import FUNDS_SAT

_WITNESS, _LEGACY = p2wpkh_script(bytes(20)), p2pkh_script(bytes(20))

MOST_RECKONED = 65_535
"""Payments that a session can have; a longer chain of transactions is of no use."""


TERMS = {"tariff": "tariff_sat_per_wh", "quantum": "quantum_sat", "fee_rate": "fee_rate_sat_per_vb"}
"""Of a socket, and their names in its profile."""


@dataclass
class Purse:
    """Coins and terms of a scenario; amounts in satoshi. The defaults are those of the reference scenario."""

    mode: str = Mode.SINGLE_FEE.label
    coins: int = 1
    coin_sat: int = FUNDS_SAT
    kinds: tuple[bytes, ...] = (_WITNESS,)
    """The scripts of the coins, in turn."""
    cables: int = 1
    """How many cables there are, each with such coins."""
    tariff: int = SocketTerms.tariff_sat_per_wh
    quantum: int = SocketTerms.quantum_sat
    fee_rate: int = SocketTerms.fee_rate_sat_per_vb
    said: set[str] = field(default_factory=set)
    """Which terms a step has said; they outweigh those of a rig file."""

    def say(self, name: str, value: int) -> None:
        """Take over one of the terms from a step."""
        setattr(self, name, value)
        self.said.add(name)

    def take_kind(self, kind: str) -> None:
        """Take over which scripts the coins have: ``P2WPKH``, ``P2PKH``, or both in turn."""
        self.kinds = {"P2WPKH": (_WITNESS,), "P2PKH": (_LEGACY,)}.get(kind, (_WITNESS, _LEGACY))

    def take_profile(self, profile: Mapping[str, Any]) -> None:
        """Take over the terms that a rig file gives its socket, as far as they are numbers and no step says them."""
        for name, key in TERMS.items():
            value = profile.get(key)
            if name not in self.said and isinstance(value, int) and value > 0:
                setattr(self, name, value)

    @property
    def total(self) -> int:
        """All coins of all cables."""
        return self.cables * self.coins * self.coin_sat

    @property
    def quantum_wh(self) -> float:
        """Energy that one payment buys."""
        return self.quantum / self.tariff

    def most_payments(self) -> int:
        """Return how many payments the coins can pay, with the lowest fees that there can be."""
        scripts = [self.kinds[number % len(self.kinds)] for number in range(self.coins)]
        single = self.coins * self.coin_sat
        if self.mode == Mode.SINGLE_FEE.label:
            one_cable = max(0, single - fee_for(scripts, [_WITNESS], self.fee_rate)) // self.quantum
        else:
            one_cable = self._chain(scripts, single)
        return self.cables * one_cable

    def _chain(self, scripts: list[bytes], left: int) -> int:
        """Return how many transactions, each over the change of the one before, pay a quantum each.

        From the second one on all have the same shape, so their number is a division.
        """
        if left < self.quantum + fee_for(scripts, [_WITNESS], self.fee_rate):
            return 0
        left -= self.quantum + fee_for(scripts, [_WITNESS, _WITNESS], self.fee_rate)
        # the last one needs no change, so it may be smaller than those before
        least = max(dust_limit(_WITNESS), self.quantum + fee_for([_WITNESS], [_WITNESS], self.fee_rate))
        if left < least:
            return 1
        each = self.quantum + fee_for([_WITNESS], [_WITNESS, _WITNESS], self.fee_rate)
        return min(MOST_RECKONED, 2 + (left - least) // each)
