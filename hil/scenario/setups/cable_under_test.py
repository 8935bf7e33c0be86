"""Set-up *cable under test*: the rig plays the socket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from hil.endpoints.counterpart import Counterpart, MemoryJournal
from hil.endpoints.socket import SocketEndpoint
from hil.errors import AuthorError
from hil.links.abuses.simple import DemandMore, DivertChange, carry_out
from hil.protocol.payment.account import RECEIVE, Account
from hil.protocol.policy import Mode, Policy, SocketTerms
from hil.protocol.socket.machine import SocketMachine
from hil.scenario.setups.common import (
    SECOND,
    account_seed,
    cable_profile,
    fund_cable_under_test,
    hooks,
    script_of,
    tools,
)

if TYPE_CHECKING:
    from hil.links.abuses.model import Cheat
    from hil.links.faults import Direction
    from hil.links.tap import Tap
    from hil.ports import Line
    from hil.protocol.payment.coins import Coin
    from hil.scenario.setups.common import SetupContext
    from hil.second.socket import Socket

COUNTERPART_METERING_S = 1.0
"""How often the socket that the rig plays reads the lab meter at least: it says METER as often, and loses no power."""


class CableUnderTestSetup:
    """Set-up *cable under test*: the rig plays the socket; K1 is its contact and the lab meter its meter."""

    state = "armed"
    under_test = ("cable",)
    lines: ClassVar[Mapping[Direction, str]] = {"to socket": "cable-link", "to cable": "cable-link"}
    meter_source = "counterpart"
    texts: ClassVar[Mapping[str, str]] = {}

    def __init__(self, context: SetupContext) -> None:
        self._context = context
        self._payee = Account(account_seed(context.seed, "counterpart socket"))
        self._coins: list[Coin] = []

    def fund(self) -> list[Coin]:
        """Give the cable under test its coins."""
        self._coins = fund_cable_under_test(self._context)
        return self._coins

    def device_profiles(self) -> dict[str, Mapping[str, Any] | None]:
        return {"socket": None, "cable": cable_profile(self._context, self._coins)}

    def connect(self, tap: Tap) -> tuple[Counterpart, Cheat | None]:
        """Let the socket live on the cable's line."""
        context = self._context
        line = tap.before("cable", context.rig.lines["cable-link"])
        player, abuse = self.player(line)
        return Counterpart(player, line, context.rig.clock), abuse

    def player(self, line: Line) -> tuple[SocketEndpoint | Socket, Cheat | None]:
        """Build the socket on ``line``."""
        context = self._context
        abuse = self._abuse(line)
        indices = iter(range(1 << 31))

        def new_payee() -> bytes:
            return script_of(context.plan, self._payee.key(RECEIVE, next(indices)))

        def set_contact(closed: bool) -> None:
            self._switch(closed if abuse is None else abuse.before_switching(closed))

        if context.counterpart == SECOND:
            from hil.scenario.setups.second_counterpart import second_socket  # most runs never load it

            socket = second_socket(
                context,
                line.write,
                new_payee=new_payee,
                set_contact=set_contact,
                metering_s=COUNTERPART_METERING_S,
                abuse=abuse,
            )
            return socket, abuse
        terms = SocketTerms(mode=Mode[context.plan.mode.upper().replace("-", "_")], **context.plan.terms)
        player = SocketEndpoint(
            SocketMachine(terms, Policy(), new_payee),
            write=line.write,
            set_contact=set_contact,
            energy_wh=lambda: context.meter.energy(most=False),
            power_w=context.meter.power,
            ledger=context.rig.ledger_view,
            journal=MemoryJournal(),
            ledger_delay_s=0.0,
            metering_s=COUNTERPART_METERING_S,
            watch_s=None,  # the cable is under test, and does not see how soon a conflict is found
            hooks=hooks(abuse),
        )
        return player, abuse

    def _switch(self, closed: bool) -> None:
        self._context.rig.strategy.switch("K1", closed=closed)

    def _abuse(self, line: Line) -> Cheat | None:
        plan = self._context.plan.abuse
        if plan is None:
            return None
        if plan.row is not None:
            cheat = carry_out(plan.row, tools(self._context, line), plan.from_payment)
            cheat.set_contact = self._switch
            return cheat
        if plan.kind == "overcharge":
            return DemandMore(plan.amount_sat, plan.first_payment)
        if plan.kind == "divert":
            return DivertChange(plan.first_payment)
        raise AuthorError(f"a socket cannot cheat by '{plan.kind}'")
