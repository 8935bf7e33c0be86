"""Limits of a cable, terms of a socket beyond its price, and blocks on the ledger, as steps and a rig file say them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hil.protocol.policy import CableLimits, SocketTerms

if TYPE_CHECKING:
    from hil.rig.config.rig_file import RigFile

LIMITS = {"tariff": "max_tariff_sat_per_wh", "quantum": "max_quantum_sat", "fee_rate": "max_fee_rate_sat_per_vb"}
"""Terms that the cable has a limit for, and the names of the limits in its profile."""

TERMS = {"confirmations": "min_confirmations", "payments": "max_payments", "power_w": "max_power_w"}
"""Other terms, and their names in the profile of a socket."""

FUNDED_BLOCKS = 1
"""The coins of a scenario are in the newest block when it begins."""


@dataclass
class Agreement:
    """Limits of the cable, terms of the socket, and blocks on the ledger, as far as they were told."""

    limits: dict[str, int] = field(
        default_factory=lambda: {name: getattr(CableLimits, LIMITS[name]) for name in LIMITS}
    )
    """The most that the cable agrees to."""
    confirmations: int = SocketTerms.min_confirmations
    payments: int = SocketTerms.max_payments
    """That the socket sells in a session."""
    power_w: int = SocketTerms.max_power_w
    """The most that it sells."""
    blocks: int = FUNDED_BLOCKS
    """In which the cable's coins are, or which are on top of that."""
    said: set[str] = field(default_factory=set)
    """Which of these a step has said; they outweigh those of a rig file."""

    def say(self, name: str, value: int) -> None:
        """Take over one of the terms from a step, or a limit: ``limit of tariff``."""
        self.said.add(name)
        self.take(name, value)

    def take(self, name: str, value: object) -> None:
        """Take over one that is a whole number."""
        if isinstance(value, int) and not isinstance(value, bool):
            if name.startswith(LIMIT):
                self.limits[name.removeprefix(LIMIT)] = value
            else:
                setattr(self, name, value)

    def take_profiles(self, profiles: dict[str, dict[str, Any]]) -> None:
        """Take over what a rig file says of its devices, by role, as far as no step says it."""
        names = [("socket", name, key) for name, key in TERMS.items()]
        names += [("cable", f"{LIMIT}{name}", key) for name, key in LIMITS.items()]
        for role, name, key in names:
            if name not in self.said:
                self.take(name, profiles.get(role, {}).get(key))


LIMIT = "limit of "


def is_reference(rig: RigFile | None, role: str) -> bool:
    """Tell whether the device in this role is the simulated reference one; what no rig is known of is not."""
    facts = rig.options.devices.by_role().get(role) if rig is not None else None
    return rig is not None and facts is not None and rig.is_reference(facts)
