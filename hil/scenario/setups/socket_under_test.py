"""Set-up *socket under test*: the rig plays the cable."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from hil.endpoints.cable import CableEndpoint
from hil.endpoints.counterpart import Counterpart, MemoryJournal
from hil.errors import AuthorError
from hil.links.abuses.simple import PayStranger, Underpay, WithholdPayment, carry_out
from hil.protocol.cable.machine import CableMachine
from hil.protocol.payment.account import CHANGE, RECEIVE, Account
from hil.protocol.payment.signing import Key
from hil.protocol.policy import CableLimits, Policy
from hil.scenario.setups.common import (
    SECOND,
    account_seed,
    fund,
    hooks,
    script_of,
    session_ids,
    socket_profile,
    tools,
)

if TYPE_CHECKING:
    from hil.links.abuses.model import Cheat
    from hil.links.faults import Direction
    from hil.links.tap import Tap
    from hil.ports import Line
    from hil.protocol.payment.coins import Coin
    from hil.scenario.setups.common import SetupContext
    from hil.second.cable import Cable

LIVE_V = 80.0
"""From this voltage on the meter of a real cable measures (PZEM-004T, data sheet)."""


class SocketUnderTestSetup:
    """Set-up *socket under test*: the rig plays the cable."""

    state = "live"
    """Of the bench: whether K1 is closed from the beginning (:class:`hil.rig.labgrid.bench_strategy.BenchState`)."""
    under_test = ("socket",)
    lines: ClassVar[Mapping[Direction, str]] = {"to socket": "socket-link", "to cable": "socket-link"}
    """Where the messages of each direction are heard."""
    meter_source = "socket"
    """Named in the evidence for what the socket's meter tells."""
    texts: ClassVar[Mapping[str, str]] = {}
    """Links on which a device says lines of text, by the line; none of the payment protocol is."""

    def __init__(self, context: SetupContext, who: str = "counterpart cable") -> None:
        """:param who: decides its account and session ids; another cable is another one."""
        self._context = context
        self._who = who
        keys = Account(account_seed(context.seed, who))
        self._receive, self._change = keys.key(RECEIVE, 0), keys.key(CHANGE, 0)
        self.keys = {
            script: key for key in (self._receive, self._change) for script in (key.p2wpkh_script, key.p2pkh_script)
        }
        """By script, of its coins and its change."""
        self._coins: list[Coin] = []

    def fund(self) -> list[Coin]:
        """Give the counterpart cable its coins."""
        self._coins = fund(self._context, self._receive)
        return self._coins

    def device_profiles(self) -> dict[str, Mapping[str, Any] | None]:
        return {"socket": socket_profile(self._context), "cable": None}

    def connect(self, tap: Tap) -> tuple[Counterpart, Cheat | None]:
        """Let the cable live on the socket's line."""
        context = self._context
        line = tap.before("socket", context.rig.lines["socket-link"])
        player, abuse = self.player(line)
        return Counterpart(player, line, context.rig.clock), abuse

    def player(self, line: Line) -> tuple[CableEndpoint | Cable, Cheat | None]:
        """Build the cable on ``line``; it meters with the lab's meter."""
        context = self._context
        abuse = self._abuse(self.keys, line)
        if context.counterpart == SECOND:
            from hil.scenario.setups.second_counterpart import second_cable  # most runs never load it

            cable = second_cable(
                context,
                line.write,
                coins=self._coins,
                keys=self.keys,
                change_script=script_of(context.plan, self._change),
                session_id=session_ids(f"{context.seed}/{self._who}"),
                live=self._live,
                abuse=abuse,
            )
            return cable, abuse
        machine = CableMachine(
            CableLimits(max_payments=context.plan.max_payments, **context.plan.limits),
            Policy(),
            self._coins,
            self.keys,
            script_of(context.plan, self._change),
            session_ids(f"{context.seed}/{self._who}"),
        )
        player = CableEndpoint(
            machine,
            write=line.write,
            energy_wh=lambda: context.meter.energy(most=True),
            power_w=context.meter.power,
            live=self._live,
            journal=MemoryJournal(),
            hooks=hooks(abuse),
        )
        return player, abuse

    def _live(self) -> bool:
        return self._context.meter.voltage() >= LIVE_V

    def _abuse(self, keys: Mapping[bytes, Key], line: Line) -> Cheat | None:
        plan = self._context.plan.abuse
        change = script_of(self._context.plan, self._change)
        if plan is None:
            return None
        if plan.row is not None:
            owned = dataclasses.replace(tools(self._context, line), coins=self._coins, keys=keys, change=change)
            return carry_out(plan.row, owned, plan.from_payment)
        if plan.kind == "underpay":
            return Underpay(plan.amount_sat, plan.first_payment, self._coins, keys, change)
        if plan.kind == "stranger":
            return PayStranger(plan.first_payment, self._coins, keys, change)
        if plan.kind == "withhold":
            return WithholdPayment(plan.first_payment)
        raise AuthorError(f"a cable cannot cheat by '{plan.kind}'")
