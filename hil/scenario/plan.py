"""What the Given steps of a scenario have said so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hil.protocol.policy import Mode
from hil.units import RESISTIVE

if TYPE_CHECKING:
    from hil.chain.attacks.electrum_faults import ServerFault
    from hil.links.faults import FaultRule
    from hil.scenario.abuse_plan import AbusePlan
    from hil.scenario.load_profiles import LoadProfile
    from hil.units import CurrentShape

SUPPLY = {"socket": "K3", "cable": "K4"}
"""The relay behind which the electronics of each device are fed (docs/system.md)."""

TOASTER_W = 1300.0
"""The reference appliance (slides)."""

UNBROKEN, RESTARTED, OTHER_CABLE = LIVES = ("without a restart", "after a restart", "with another cable")
"""What has become of the device since its last payment: nothing; its supply failed; the cable was exchanged."""

FUNDS_SAT = 200_000
"""What the cable is given for a scenario: 20 quanta of the toast, less fees."""


@dataclass
class Plan:
    """What the Given steps have said so far."""

    setup: str = ""
    mode: str = Mode.SINGLE_FEE.label
    appliance: str = "toaster"
    load_power_w: float | None = None
    load_shape: CurrentShape = RESISTIVE
    load_profile: LoadProfile | None = None
    max_payments: int = 100
    funds_sat: int = FUNDS_SAT
    funding_coins: int = 1
    """How many coins of ``funds_sat`` each the cable is given; an abuse may want more."""
    funding_type: str = "P2WPKH"
    counterpart_has_p2pkh: bool = False
    """Whether payee or change of the side that the rig plays is P2PKH instead of P2WPKH."""
    boot_delay_s: float = 0.0
    plant: dict[str, float] = field(default_factory=dict)
    """Physics of a virtual bench, by the names of ``options.rig.plant``, where the scenario says it."""
    ledger_view: str | None = None
    """Name of a plug-in of ``hil.ledger_views``; None: the rig file's."""
    server_fault: ServerFault | None = None
    """What the server of that view lies about."""
    abuse: AbusePlan | None = None
    honest_at_first: bool = False
    """Whether the counterpart cheats only when it is told to begin."""
    terms: dict[str, Any] = field(default_factory=dict)
    """What the socket asks for, by the names of :class:`hil.protocol.policy.SocketTerms`, where a scenario says it."""
    limits: dict[str, Any] = field(default_factory=dict)
    """What the cable agrees to at most, by the names of :class:`hil.protocol.policy.CableLimits`, likewise."""
    calendars: list[str] = field(default_factory=list)
    """Devices whose calendar can be set in the scenario, by role."""
    link_rules: list[FaultRule] = field(default_factory=list)
    """Faults of the link that are in force from the beginning."""
