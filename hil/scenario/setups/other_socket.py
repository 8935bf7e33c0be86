"""Set-up *other socket under test*: a device between mains and appliance that does not speak the payment protocol.

The rig plays no counterpart and judges no message: what the device says on its link is recorded as lines of text, and
the steps of its laboratory say what it should say (:mod:`hil.scenario.stimuli.text_line`). Mains, meter, load, relays,
safety, evidence and report are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from hil.errors import AuthorError

if TYPE_CHECKING:
    from hil.endpoints.counterpart import Counterpart
    from hil.links.abuses.model import Cheat
    from hil.links.faults import Direction
    from hil.links.tap import Tap
    from hil.protocol.payment.coins import Coin
    from hil.scenario.setups.common import SetupContext


class OtherSocketSetup:
    """Set-up *other socket under test*."""

    state = "live"
    under_test = ("socket",)
    lines: ClassVar[Mapping[Direction, str]] = {}
    meter_source = "socket"
    texts: ClassVar[Mapping[str, str]] = {"socket-link": "socket"}

    def __init__(self, context: SetupContext) -> None:
        if context.plan.abuse is not None:
            raise AuthorError("there is no counterpart that could cheat: the socket under test is of another kind")

    def fund(self) -> list[Coin]:
        """Nothing is bought, so there are no coins."""
        return []

    def device_profiles(self) -> dict[str, Mapping[str, Any] | None]:
        return {"socket": {}, "cable": None}

    def connect(self, _: Tap) -> tuple[Counterpart | None, Cheat | None]:
        """Nothing stands at the other end of the link but the steps."""
        return None, None
