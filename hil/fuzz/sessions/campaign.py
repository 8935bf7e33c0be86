"""Many adversarial sessions from a seed: how fast, how they ended, and the first plan that broke a rule.

``python -m hil.fuzz.sessions.campaign [sessions] [seed]`` runs them in memory on all processors.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from hil.chain.client.rpc import RpcClient
from hil.chain.funding.regtest_ledger import RegtestLedger
from hil.chain.node.providers import choose
from hil.chain.views.full_node import NodeView
from hil.clock import stopwatch
from hil.errors import HilError
from hil.fuzz.sessions.plans import Plan, random_plan, run_plan
from hil.fuzz.sessions.simulation import cable_seed_of
from hil.protocol.payment.account import RECEIVE, Account
from hil.units import Satoshi

SESSIONS: Final = 10_000
PROCESSES: Final = 2
_CHAIN_BATCH: Final = 25
"""Sessions whose coins are funded by one transaction; a block a batch."""


class CampaignFailed(HilError):
    """A plan broke a rule; the message holds the plan."""


@dataclass(frozen=True)
class Campaign:
    """What came of it.

    :param plans: simulations that were run, each with a cable that was plugged in and what followed.
    :param outcomes: how the sessions in them ended; one plan can hold several.
    """

    plans: int = 0
    events: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """Plans a second."""
        return self.plans / self.seconds


def in_memory(plans: int, seed: int = 1, processes: int = PROCESSES) -> Campaign:
    """Run ``plans`` random plans over ledgers in memory, shared out to processes; raises CampaignFailed."""
    elapsed = stopwatch()
    shares = [range(start, plans, processes) for start in range(processes)]
    if processes == 1:
        parts = [_share(seed, shares[0])]
    else:
        with ProcessPoolExecutor(processes) as pool:
            parts = list(pool.map(_share, [seed] * processes, shares))
    return _sum(parts, elapsed())


def on_chain(plans: int, seed: int = 1, provider: str = "native") -> Campaign:
    """Run ``plans`` random plans over a regtest node of their own, with coins on it; raises CampaignFailed.

    The time of starting the node does not count; funding and mining do.
    """
    with choose(provider) as node:
        client = RpcClient(node.endpoint)
        try:
            return _on_node(client, plans, seed)
        finally:
            client.close()


def plan_of(seed: int, number: int, *, thieves: bool = True) -> Plan:
    """Return plan ``number`` of a campaign, to run it again alone."""
    return random_plan(random.Random(f"{seed}/{number}"), thieves=thieves)  # noqa: S311 - a test plan, no secret


def _share(seed: int, numbers: Sequence[int]) -> Campaign:
    outcomes: Counter[str] = Counter()
    events = 0
    for number in numbers:
        plan = plan_of(seed, number)
        try:
            simulation, ended = run_plan(plan, number)
        except Exception as broken:
            raise _failed(seed, number, plan, broken) from broken
        outcomes += ended
        events += simulation.events
    return Campaign(len(numbers), events, outcomes)


def _on_node(client: RpcClient, plans: int, seed: int) -> Campaign:
    ledger, view = RegtestLedger(client, seed=seed, now=lambda: 0.0), NodeView(client)
    ledger.prepare()
    view.ready()
    cable_seed = cable_seed_of(0)
    script = Account(cable_seed).key(RECEIVE, 0).p2wpkh_script
    outcomes: Counter[str] = Counter()
    events = 0
    elapsed = stopwatch()
    for start in range(0, plans, _CHAIN_BATCH):
        numbers = range(start, min(plans, start + _CHAIN_BATCH))
        coins = ledger.fund(script, Satoshi(30_000), outputs=len(numbers))
        for number, coin in zip(numbers, coins, strict=True):
            plan = plan_of(seed, number, thieves=False)
            try:
                simulation, ended = run_plan(plan, number, ledger=(view, [coin]), cable_seed=cable_seed)
                for account in simulation.auditor.accounts.values():
                    if account.newest and view.broadcast(account.newest).reason:
                        raise CampaignFailed("the node does not have the newest transaction of a session")
            except Exception as broken:
                raise _failed(seed, number, plan, broken) from broken
            outcomes += ended
            events += simulation.events
    return Campaign(plans, events, outcomes, elapsed())


def _failed(seed: int, number: int, plan: Plan, broken: Exception) -> CampaignFailed:
    return CampaignFailed(f"plan {number} of seed {seed}: {type(broken).__name__}: {broken}\n{plan}")


def _sum(parts: Sequence[Campaign], seconds: float) -> Campaign:
    outcomes = sum((part.outcomes for part in parts), Counter[str]())
    return Campaign(sum(part.plans for part in parts), sum(part.events for part in parts), outcomes, seconds)


def main(arguments: Sequence[str]) -> int:
    """Run a campaign in memory and print what came of it."""
    plans, seed = (*map(int, arguments), *(SESSIONS, 1)[len(arguments) :])
    campaign = in_memory(plans, seed)
    ended = ", ".join(f"{count} {how}" for how, count in campaign.outcomes.most_common())
    sys.stdout.write(
        f"{campaign.plans} plans, {campaign.events} events in {campaign.seconds:.1f} s: "
        f"{campaign.per_second:.0f} a second; sessions: {ended}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
