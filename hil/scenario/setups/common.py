"""What the three set-ups have in common: what they are built from, coins, and what the devices under test are set to.

All keys come from the scenario's seed, so that a run can be repeated to the byte. The virtual bench gets the device's
account in its profile; on a physical bench the device has its own, and the rig file says what it may know of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hil.endpoints.common import EndpointHooks
from hil.errors import ConfigurationError
from hil.links.abuses.model import Cheat, Tools
from hil.protocol.payment.account import RECEIVE, Account
from hil.rig.config.coins_to import funding_script
from hil.units import Satoshi

if TYPE_CHECKING:
    from hil.ports import Line
    from hil.protocol.payment.coins import Coin
    from hil.protocol.payment.signing import Key
    from hil.rig.rig import Rig
    from hil.scenario.plan import Plan
    from hil.scenario.setups.counterpart_meter import CounterpartMeter


FIRST, SECOND = COUNTERPARTS = ("first", "second")
"""Which implementation can play the counterpart: that of the reference devices, or one that shares no code with it."""


@dataclass(frozen=True)
class SetupContext:
    """What a set-up is built from.

    :param seed: the scenario's: decides accounts and session ids.
    :param meter: the lab meter as the counterpart that the rig plays may use it.
    :param counterpart: which implementation plays it, one of ``COUNTERPARTS``.
    """

    rig: Rig
    plan: Plan
    seed: str
    meter: CounterpartMeter
    counterpart: str = FIRST


def account_seed(seed: str, role: str) -> bytes:
    """Return the 32-byte BIP 32 seed of ``role`` in the scenario with this seed."""
    return hashlib.sha256(f"{seed}/account/{role}".encode()).digest()


def tools(context: SetupContext, line: Line) -> Tools:
    """Return what an abuse of the catalogue works with on ``line``."""
    return Tools(
        write=line.write,
        later=lambda seconds, act: _call_later(context, seconds, act),
        ledger=context.rig.ledger_view,
    )


def _call_later(context: SetupContext, seconds: float, act: Callable[[], None]) -> None:
    context.rig.clock.call_at(context.rig.clock.now() + seconds, act)


def coins_wanted(plan: Plan) -> int:
    """Return how many coins the cable is given: those of the plan, or more for an abuse that wants them."""
    row = plan.abuse.row if plan.abuse is not None else None
    return max(plan.funding_coins, row.coins if row is not None else 1)


def fund(context: SetupContext, key: Key) -> list[Coin]:
    """Send the coins that the scenario wants to ``key``: P2WPKH, P2PKH, or both kinds in turn."""
    plan = context.plan
    scripts = {"P2WPKH": [key.p2wpkh_script], "P2PKH": [key.p2pkh_script]}
    return fund_scripts(context, scripts.get(plan.funding_type, [key.p2wpkh_script, key.p2pkh_script]))


def fund_scripts(context: SetupContext, scripts: Sequence[bytes]) -> list[Coin]:
    """Send the coins that the scenario wants to each script in turn, in this order."""
    wanted, kinds = coins_wanted(context.plan), len(scripts)
    amount, chain = Satoshi(context.plan.funds_sat), context.rig.chain
    counts = [len(range(first, wanted, kinds)) for first in range(kinds)]
    given = [chain.fund(script, amount, count) for script, count in zip(scripts, counts, strict=True) if count]
    return [coins[turn] for turn in range(counts[0]) for coins in given if turn < len(coins)]


def script_of(plan: Plan, key: Key) -> bytes:
    """Return the script of an address of the side that the rig plays, of the type that the scenario wants."""
    return key.p2pkh_script if plan.counterpart_has_p2pkh else key.p2wpkh_script


def hooks(abuse: Cheat | None) -> EndpointHooks:
    """Return what the counterpart asks before it sends: the cheat, if there is one."""
    return EndpointHooks(before_sending=abuse.before_sending) if abuse is not None else EndpointHooks()


def session_ids(seed: str) -> Callable[[], bytes]:
    """Return what draws the ids of a cable's sessions, 8 bytes each."""
    numbers = iter(range(1 << 31))
    return lambda: hashlib.sha256(f"{seed}/session/{next(numbers)}".encode()).digest()[:8]


def fund_cable_under_test(context: SetupContext) -> list[Coin]:
    """Send coins to the first receiving key of the cable under test, or where the rig file says."""
    facts = context.rig.file.options.devices.cable
    if facts is not None and facts.coins_to is not None:
        return fund_scripts(context, [funding_script(facts.coins_to)])
    return fund(context, Account(account_seed(context.seed, "cable")).key(RECEIVE, 0))


def socket_profile(context: SetupContext) -> dict[str, Any]:
    """Return what the socket under test is set to."""
    return _profile(context, "socket", {"mode": context.plan.mode, **context.plan.terms})


def cable_profile(context: SetupContext, coins: Sequence[Coin]) -> dict[str, Any]:
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
    return _profile(context, "cable", {"max_payments": context.plan.max_payments, "coins": own, **context.plan.limits})


def _profile(context: SetupContext, role: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the profile of the device under test: the rig file's, this scenario's account, and what it asks for."""
    facts = getattr(context.rig.file.options.devices, role)
    if facts is None:
        raise ConfigurationError(f"options.rig.devices has no {role}", place=str(context.rig.file.path))
    profile = {**facts.profile, "account": account_seed(context.seed, role).hex(), **more}
    if context.plan.boot_delay_s:
        profile["boot_delay_s"] = context.plan.boot_delay_s
    return profile
