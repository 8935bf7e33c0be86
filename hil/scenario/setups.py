"""Who stands opposite the device under test, and what the device itself is given, for each set-up.

All keys come from the scenario's seed, so that a run can be repeated to the byte. The virtual bench gets the device's
account in its profile; on a physical bench the device has its own, and the rig file says what it may know of it.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from hil.endpoints.cable import CableEndpoint
from hil.endpoints.common import EndpointHooks
from hil.endpoints.counterpart import Counterpart, MemoryJournal
from hil.endpoints.socket import SocketEndpoint
from hil.errors import AuthorError, ConfigurationError
from hil.links.abuses.model import Cheat, Tools
from hil.links.abuses.simple import DemandMore, DivertChange, PayStranger, Underpay, WithholdPayment, carry_out
from hil.protocol.cable.machine import CableMachine
from hil.protocol.payment.account import CHANGE, RECEIVE, Account
from hil.protocol.payment.signing import Key
from hil.protocol.policy import CableLimits, Mode, Policy, SocketTerms
from hil.protocol.socket.machine import SocketMachine
from hil.units import Satoshi

if TYPE_CHECKING:
    from hil.links.faults import Direction
    from hil.links.tap import Tap
    from hil.ports import Line
    from hil.protocol.payment.coins import Coin
    from hil.scenario.plan import Plan
    from hil.scenario.scenario import Trial

COUNTERPART_METERING_S = 1.0
"""How often the socket that the rig plays reads the lab meter at least: it says METER as often, and loses no power."""


LIVE_V = 80.0
"""From this voltage on the meter of a real cable measures (PZEM-004T, data sheet)."""


def account_seed(seed: str, role: str) -> bytes:
    """Return the 32-byte BIP 32 seed of ``role`` in the scenario with this seed."""
    return hashlib.sha256(f"{seed}/account/{role}".encode()).digest()


class CableSide:
    """Set-up *socket under test*: the rig plays the cable."""

    state = "live"
    """Of the bench: whether K1 is closed from the beginning (:class:`hil.rig.labgrid.classes.BenchState`)."""
    under_test = ("socket",)
    lines: ClassVar[Mapping[Direction, str]] = {"to socket": "socket-link", "to cable": "socket-link"}
    """Where the messages of each direction are heard."""
    meter_source = "socket"
    """Named in the evidence for what the socket's meter tells."""

    def __init__(self, trial: Trial, who: str = "counterpart cable") -> None:
        """:param who: decides its account and session ids; another cable is another one."""
        self._trial = trial
        self._who = who
        keys = Account(account_seed(trial.seed, who))
        self._receive, self._change = keys.key(RECEIVE, 0), keys.key(CHANGE, 0)
        self.keys = {
            script: key for key in (self._receive, self._change) for script in (key.p2wpkh_script, key.p2pkh_script)
        }
        """By script, of its coins and its change."""
        self._coins: list[Coin] = []

    def fund(self) -> list[Coin]:
        """Give the counterpart cable its coins."""
        plan = self._trial.plan
        script = self._receive.p2wpkh_script if plan.funding_type == "P2WPKH" else self._receive.p2pkh_script
        self._coins = self._trial.rig.side.fund(script, Satoshi(plan.funds_sat), _coins_wanted(plan))
        return self._coins

    def device_profiles(self) -> dict[str, Mapping[str, Any] | None]:
        return {"socket": socket_profile(self._trial), "cable": None}

    def connect(self, tap: Tap) -> tuple[Counterpart, Cheat | None]:
        """Let the cable live on the socket's line."""
        trial = self._trial
        line = tap.before("socket", trial.rig.lines["socket-link"])
        player, abuse = self.player(line)
        return Counterpart(player, line, trial.clock), abuse

    def player(self, line: Line) -> tuple[CableEndpoint, Cheat | None]:
        """Build the cable on ``line``; it meters with the lab's meter."""
        trial = self._trial
        abuse = self._abuse(self.keys, line)
        machine = CableMachine(
            CableLimits(max_payments=trial.plan.max_payments, **trial.plan.limits),
            Policy(),
            self._coins,
            self.keys,
            self._change.p2wpkh_script,
            _session_ids(f"{trial.seed}/{self._who}"),
        )
        player = CableEndpoint(
            machine,
            write=line.write,
            energy_wh=lambda: trial.metered_energy(most=True),
            power_w=trial.metered_power,
            live=lambda: trial.watch.voltage_v >= LIVE_V,
            journal=MemoryJournal(),
            hooks=_hooks(abuse),
        )
        return player, abuse

    def _abuse(self, keys: Mapping[bytes, Key], line: Line) -> Cheat | None:
        plan = self._trial.plan.abuse
        change = self._change.p2wpkh_script
        if plan is None:
            return None
        if plan.row is not None:
            tools = dataclasses.replace(_tools(self._trial, line), coins=self._coins, keys=keys, change=change)
            return carry_out(plan.row, tools, plan.from_payment)
        if plan.kind == "underpay":
            return Underpay(plan.amount_sat, plan.first_payment, self._coins, keys, change)
        if plan.kind == "stranger":
            return PayStranger(plan.first_payment, self._coins, keys, change)
        if plan.kind == "withhold":
            return WithholdPayment(plan.first_payment)
        raise AuthorError(f"a cable cannot cheat by '{plan.kind}'")


class SocketSide:
    """Set-up *cable under test*: the rig plays the socket; K1 is its contact and the lab meter its meter."""

    state = "armed"
    under_test = ("cable",)
    lines: ClassVar[Mapping[Direction, str]] = {"to socket": "cable-link", "to cable": "cable-link"}
    meter_source = "counterpart"

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._payee = Account(account_seed(trial.seed, "counterpart socket"))
        self._coins: list[Coin] = []

    def fund(self) -> list[Coin]:
        """Give the cable under test its coins."""
        self._coins = fund_cable_under_test(self._trial)
        return self._coins

    def device_profiles(self) -> dict[str, Mapping[str, Any] | None]:
        return {"socket": None, "cable": cable_profile(self._trial, self._coins)}

    def connect(self, tap: Tap) -> tuple[Counterpart, Cheat | None]:
        """Let the socket live on the cable's line."""
        trial = self._trial
        line = tap.before("cable", trial.rig.lines["cable-link"])
        player, abuse = self.player(line)
        return Counterpart(player, line, trial.clock), abuse

    def player(self, line: Line) -> tuple[SocketEndpoint, Cheat | None]:
        """Build the socket on ``line``."""
        trial = self._trial
        abuse = self._abuse(line)
        indices = iter(range(1 << 31))
        terms = SocketTerms(mode=Mode[trial.plan.mode.upper().replace("-", "_")], **trial.plan.terms)
        player = SocketEndpoint(
            SocketMachine(terms, Policy(), lambda: self._payee.key(RECEIVE, next(indices)).p2wpkh_script),
            write=line.write,
            set_contact=lambda closed: self._switch(closed if abuse is None else abuse.before_switching(closed)),
            energy_wh=lambda: trial.metered_energy(most=False),
            power_w=trial.metered_power,
            ledger=trial.rig.ledger_view,
            journal=MemoryJournal(),
            ledger_delay_s=0.0,
            metering_s=COUNTERPART_METERING_S,
            hooks=_hooks(abuse),
        )
        return player, abuse

    def _switch(self, closed: bool) -> None:
        self._trial.rig.strategy.switch("K1", closed=closed)

    def _abuse(self, line: Line) -> Cheat | None:
        plan = self._trial.plan.abuse
        if plan is None:
            return None
        if plan.row is not None:
            cheat = carry_out(plan.row, _tools(self._trial, line), plan.from_payment)
            cheat.set_contact = self._switch
            return cheat
        if plan.kind == "overcharge":
            return DemandMore(plan.amount_sat, plan.first_payment)
        if plan.kind == "divert":
            return DivertChange(plan.first_payment)
        raise AuthorError(f"a socket cannot cheat by '{plan.kind}'")


def _tools(trial: Trial, line: Line) -> Tools:
    return Tools(
        write=line.write,
        later=lambda seconds, act: _call_later(trial, seconds, act),
        ledger=trial.rig.ledger_view,
    )


def _call_later(trial: Trial, seconds: float, act: Callable[[], None]) -> None:
    trial.clock.call_at(trial.clock.now() + seconds, act)


def _coins_wanted(plan: Plan) -> int:
    row = plan.abuse.row if plan.abuse is not None else None
    return max(plan.funding_coins, row.coins if row is not None else 1)


def _hooks(abuse: Cheat | None) -> EndpointHooks:
    return EndpointHooks(before_sending=abuse.before_sending) if abuse is not None else EndpointHooks()


def _session_ids(seed: str) -> Callable[[], bytes]:
    numbers = iter(range(1 << 31))
    return lambda: hashlib.sha256(f"{seed}/session/{next(numbers)}".encode()).digest()[:8]


def fund_cable_under_test(trial: Trial) -> list[Coin]:
    """Send coins to the first receiving key of the cable under test."""
    plan = trial.plan
    key = Account(account_seed(trial.seed, "cable")).key(RECEIVE, 0)
    script = key.p2wpkh_script if plan.funding_type == "P2WPKH" else key.p2pkh_script
    return trial.rig.side.fund(script, Satoshi(plan.funds_sat), _coins_wanted(plan))


def socket_profile(trial: Trial) -> dict[str, Any]:
    """Return what the socket under test is set to."""
    return _profile(trial, "socket", {"mode": trial.plan.mode, **trial.plan.terms})


def cable_profile(trial: Trial, coins: Sequence[Coin]) -> dict[str, Any]:
    """Return what the cable under test is set to; ``coins`` are its own."""
    own = [
        {
            "txid": coin.outpoint.txid,
            "index": coin.outpoint.index,
            "value_sat": int(coin.value),
            "script": coin.script.hex(),
        }
        for coin in coins
    ]
    return _profile(trial, "cable", {"max_payments": trial.plan.max_payments, "coins": own, **trial.plan.limits})


def _profile(trial: Trial, role: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the profile of the device under test: the rig file's, this scenario's account, and what it asks for."""
    facts = getattr(trial.rig.file.options.devices, role)
    if facts is None:
        raise ConfigurationError(f"options.rig.devices has no {role}", place=str(trial.rig.file.path))
    profile = {**facts.profile, "account": account_seed(trial.seed, role).hex(), **more}
    if trial.plan.boot_delay_s:
        profile["boot_delay_s"] = trial.plan.boot_delay_s
    return profile
