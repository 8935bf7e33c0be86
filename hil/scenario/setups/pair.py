"""Set-up *pair*: socket and cable are both real, and the rig listens in between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from hil.errors import AuthorError
from hil.scenario.setups.common import cable_profile, fund_cable_under_test, socket_profile

if TYPE_CHECKING:
    from hil.endpoints.counterpart import Counterpart
    from hil.links.abuses.model import Cheat
    from hil.links.faults import Direction
    from hil.links.tap import Tap
    from hil.protocol.payment.coins import Coin
    from hil.scenario.setups.common import SetupContext


class PairSetup:
    """The rig plays neither: it carries bytes between the two links."""

    state = "live"
    under_test = ("socket", "cable")
    lines: ClassVar[Mapping[Direction, str]] = {"to socket": "cable-link", "to cable": "socket-link"}
    meter_source = "socket"
    texts: ClassVar[Mapping[str, str]] = {}

    def __init__(self, context: SetupContext) -> None:
        if context.plan.abuse is not None:
            raise AuthorError(
                "nobody cheats in a pair: both devices are real",
                remedy="Put one of them under test; the rig plays the other.",
            )
        self._context = context
        self._coins: list[Coin] = []

    def fund(self) -> list[Coin]:
        """Give the cable its coins."""
        self._coins = fund_cable_under_test(self._context)
        return self._coins

    def device_profiles(self) -> dict[str, Mapping[str, Any] | None]:
        context = self._context
        return {"socket": socket_profile(context), "cable": cable_profile(context, self._coins)}

    def connect(self, tap: Tap) -> tuple[Counterpart | None, Cheat | None]:
        """Join the two links."""
        lines = self._context.rig.lines
        tap.join(lines["socket-link"], lines["cable-link"])
        return None, None
