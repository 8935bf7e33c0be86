"""Set-up *reference appliance*: no device under test. Straight adapters stand in the places of socket and cable.

The rig measures an appliance that is known, and so itself (:mod:`hil.study`). Mains, meter, load, relays, safety,
evidence and report are the same as with a device.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from hil.endpoints.counterpart import Counterpart
    from hil.links.abuses.model import Cheat
    from hil.links.faults import Direction
    from hil.links.tap import Tap
    from hil.protocol.payment.coins import Coin
    from hil.scenario.setups.common import SetupContext

REFERENCE = "reference appliance"


class ReferenceSetup:
    """Set-up *reference appliance*."""

    state = "armed"
    """K1 is left to the study: it switches the power on and off."""

    under_test = ()
    lines: ClassVar[Mapping[Direction, str]] = {}
    meter_source = ""
    texts: ClassVar[Mapping[str, str]] = {}

    def __init__(self, context: SetupContext) -> None:
        """Take the context as the other set-ups do; nothing of it is needed."""

    def fund(self) -> list[Coin]:
        """Nothing is bought, so there are no coins."""
        return []

    def device_profiles(self) -> dict[str, Mapping[str, Any] | None]:
        """No device is on the bench."""
        return {}

    def connect(self, _: Tap) -> tuple[Counterpart | None, Cheat | None]:
        """Nothing stands at either end of the link."""
        return None, None
