"""``python -m hil.perf.soak``: 500 funded scenarios in random order on one session node, and what it grew by.

What isolates scenarios from each other is that each has keys of its own and begins at the present tip; what could
break that is a node that grows, slows down, or carries something over. Each scenario here checks that it finds the
chain as it should.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hil.chain.attacks.spends import Adversary, spend, txid_of
from hil.chain.client.rpc import RpcClient
from hil.chain.funding.regtest_ledger import RegtestLedger
from hil.chain.funding.wallet import derive
from hil.chain.node.native import NativeNode
from hil.chain.node.snapshot import OwnNode, fresh_node
from hil.chain.views.full_node import NodeView
from hil.clock import stopwatch
from hil.errors import RigFault
from hil.protocol.payment.signing import Key
from hil.units import Satoshi

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hil.protocol.payment.coins import Coin

SCENARIOS: Final = 500
MEMORY_LIMIT: Final = 8_000_000
"""Bytes by which the node's resident memory may grow over 500 scenarios; measured: 2.9 MB, 6.2 MB over 2000. That is
its index of blocks and its caches, which fill up to their limits (``-dbcache=4``)."""
DISK_LIMIT: Final = 4_000_000
"""Bytes by which the node's data may grow over 500 scenarios; measured: 1.4 MB, 2.7 kB for each: blocks, what undoes
them, index and log. Files are allocated ahead, 1 MB at most."""

_WARM_UP: Final = 20
_VALUE: Final = Satoshi(60_000)
_FEE: Final = 1_410
_QUANTUM: Final = 10_000


@dataclass(frozen=True)
class Soak:
    """What a soak measured.

    :param scenario_ms: median wall time of what isolation costs a scenario: a new beginning, a new key, a funded coin.
    :param slowest_ms: the longest of those.
    :param memory_grown: of the node after the warm-up, in bytes; resident.
    :param disk_grown: likewise, of its data folder.
    """

    scenarios: int
    wall_s: float
    scenario_ms: float
    slowest_ms: float
    memory_grown: int
    disk_grown: int

    def check(self) -> None:
        """Raise RigFault if the node has grown by more than the limits."""
        for what, grown, limit in (
            ("resident memory", self.memory_grown, MEMORY_LIMIT),
            ("data folder", self.disk_grown, DISK_LIMIT),
        ):
            allowed = limit * max(1.0, self.scenarios / SCENARIOS)
            if grown > allowed:
                text = f"the node's {what} grew by {grown} bytes in {self.scenarios} scenarios, limit {allowed:.0f}"
                raise RigFault(text, place="soak")


class Scenarios:
    """Funded scenarios of several kinds on one node, each with a fresh key of the seed."""

    def __init__(self, client: RpcClient, seed: int) -> None:
        self._client = client
        self._view = NodeView(client)
        self._seed = seed
        self._time = 0.0
        self._ledger = RegtestLedger(client, seed=seed, now=lambda: self._time)
        self._ledger.prepare()
        self._stranger = Key(derive(seed, "soak/stranger")).p2wpkh_script

    def kinds(self) -> Mapping[str, Callable[[Key, Coin], None]]:
        return {
            "paid and confirmed": self._paid,
            "left unconfirmed": self._left,
            "spent twice": self._spent_twice,
            "refused": self._refused,
            "paid in a chain": self._chain,
            "not paid at all": lambda _, coin: self._see(
                self._view.coin(coin.outpoint) is not None, "the coin is gone"
            ),
        }

    def run(self, number: int, kind: str) -> float:
        """Run one; return the seconds that its isolation took. RigFault if it does not find what it should."""
        elapsed = stopwatch()
        self._ledger.begin()
        key = Key(derive(self._seed, f"soak/{number}"))
        coin = self._ledger.fund(key.p2wpkh_script, _VALUE)[0]
        seconds = elapsed()
        self._see(self._ledger.spending([coin.outpoint]) == [], "a fresh coin is spent already")
        self._time += 120.0
        self.kinds()[kind](key, coin)
        return seconds

    def _payment(self, key: Key, coin: Coin) -> bytes:
        outputs = [(self._stranger, _QUANTUM), (key.p2wpkh_script, coin.value - _QUANTUM - _FEE)]
        return spend([coin], {key.p2wpkh_script: key}, outputs)

    def _paid(self, key: Key, coin: Coin) -> None:
        payment = self._payment(key, coin)
        self._see(self._view.broadcast(payment).allowed, "an honest payment is refused")
        self._ledger.mine()
        found = self._ledger.transaction(txid_of(payment))
        self._see(found is not None and found.confirmations == 1, "a mined payment is not confirmed")

    def _left(self, key: Key, coin: Coin) -> None:
        self._see(self._view.broadcast(self._payment(key, coin)).allowed, "an honest payment is refused")

    def _spent_twice(self, key: Key, coin: Coin) -> None:
        payment = self._payment(key, coin)
        self._view.broadcast(payment)
        rival = Adversary(self._client, self._seed, {key.p2wpkh_script: key}).double_spend(payment, [coin])
        self._see(self._view.conflict(payment) == rival, "a double spend is not seen")
        self._ledger.mine()

    def _refused(self, key: Key, coin: Coin) -> None:
        stranger = Key(derive(self._seed, "soak/forger"))
        forged = spend([coin], {key.p2wpkh_script: stranger}, [(self._stranger, _QUANTUM)])
        self._see(not self._view.broadcast(forged).allowed, "a forged payment is taken")

    def _chain(self, key: Key, coin: Coin) -> None:
        Adversary(self._client, self._seed, {key.p2wpkh_script: key}).long_chain(coin, 5)
        self._ledger.mine(2)

    @staticmethod
    def _see(holds: bool, what: str) -> None:
        if not holds:
            raise RigFault(what, place="soak")


def soak(node: OwnNode, scenarios: int = SCENARIOS, *, seed: int = 1) -> Soak:
    """Run ``scenarios`` of all kinds in a random order that follows from the seed; measure the growth."""
    client = RpcClient(node.endpoint)
    try:
        running = Scenarios(client, seed)
        order = random.Random(seed)  # noqa: S311 - an order, no secret
        kinds = list(running.kinds())
        for number in range(_WARM_UP):
            running.run(number, kinds[number % len(kinds)])
        memory, disk = _memory(node), _disk(node)
        elapsed = stopwatch()
        took = [running.run(_WARM_UP + number, order.choice(kinds)) for number in range(scenarios)]
        return Soak(
            scenarios,
            round(elapsed(), 2),
            round(statistics.median(took) * 1000, 2),
            round(max(took) * 1000, 2),
            _memory(node) - memory,
            _disk(node) - disk,
        )
    finally:
        client.close()


def measure(provider: str = "native", scenarios: int = SCENARIOS, *, seed: int = 1) -> Soak:
    """Run a soak on a node of its own and hold it against the limits."""
    with fresh_node(seed, provider) as node:
        result = soak(node, scenarios, seed=seed)
    result.check()
    return result


def _memory(node: OwnNode) -> int:
    """Return the resident memory of bitcoind in bytes; in a container as Docker's ``top`` tells it."""
    if isinstance(node, NativeNode):
        for line in Path(f"/proc/{node.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RigFault(f"process {node.pid} has no resident memory")
    table = node.container.top(ps_args="-eo pid,rss")
    return sum(int(row[1]) for row in table["Processes"]) * 1024


def _disk(node: OwnNode) -> int:
    if node.folder is None:
        raise RigFault("the data of this node cannot be seen from here", remedy="Use NODE=native")
    return sum(path.stat().st_blocks for path in node.folder.rglob("*") if path.is_file()) * 512


def main() -> int:
    """Run the soak from the command line; prints one line of JSON, returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m hil.perf.soak", description=main.__doc__)
    parser.add_argument("--node", default="native", choices=("native", "docker"))
    parser.add_argument("--scenarios", type=int, default=SCENARIOS)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    result = measure(options.node, options.scenarios, seed=options.seed)
    sys.stdout.write(json.dumps(vars(result)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
