"""Fresh nodes from snapshots, and the session node over many scenarios."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from hil.chain.client.rpc import RpcClient
from hil.chain.funding.regtest_ledger import PREMINED, RegtestLedger
from hil.chain.node import snapshot as snapshots
from hil.chain.node.snapshot import KEPT, fresh_node, snapshot
from hil.errors import ConfigurationError, RigFault
from hil.perf.soak import Soak, soak
from hil.protocol.payment.signing import Key
from hil.units import Satoshi

if TYPE_CHECKING:
    from pathlib import Path

    from hil.protocol.payment.coins import Coin
    from hil.tests.chain.conftest import MakeNode

KEY = Key(b"\x21" * 32)


def _chain(provider: str, seed: int) -> list[str]:
    with fresh_node(seed, provider) as node:
        client = RpcClient(node.endpoint)
        ledger = RegtestLedger(client, seed=seed, now=lambda: 0.0)
        ledger.prepare()
        ledger.fund(KEY.p2wpkh_script, Satoshi(60_000))
        heights = (1, PREMINED, PREMINED + 1, PREMINED + 2)
        hashes = [str(client.call("getblockhash", height)) for height in heights]
        client.close()
        return hashes


SEEN: dict[int, list[str]] = {}


@pytest.mark.parametrize("seed", [4, 5])
def test_one_seed_gives_one_chain_on_every_provider_and_each_time(provider: str, seed: int) -> None:
    chain = _chain(provider, seed)
    assert chain == _chain(provider, seed)
    assert SEEN.setdefault(seed, chain) == chain
    assert len({tuple(one) for one in SEEN.values()}) == len(SEEN)


def _coins_of_a_name(ledger: RegtestLedger) -> list[Coin]:
    ledger.prepare()
    ledger.serve("a scenario")
    return [*ledger.fund(KEY.p2wpkh_script, Satoshi(200_000)), *ledger.fund(KEY.p2wpkh_script, Satoshi(5_000_000))]


def test_on_a_fresh_node_a_scenario_has_the_coins_that_it_has_on_the_node_of_the_run(
    make_node: MakeNode, provider: str
) -> None:
    coins = []
    for node in (make_node(), fresh_node(6, provider)):
        with node:
            client = RpcClient(node.endpoint)
            ledger = RegtestLedger(client, seed=6, now=lambda: 0.0)
            coins.append(_coins_of_a_name(ledger))
            assert ledger.is_taken("a scenario")
            assert not ledger.is_taken("another scenario")
            used = RegtestLedger(client, seed=6, now=lambda: 0.0)
            assert _coins_of_a_name(used) != coins[-1], "on a chain that was used before nobody asks for it by name"
            assert not used.is_taken("a scenario")
            client.close()
    assert coins[0] == coins[1]


def test_a_snapshots_blocks_are_the_same_bytes_when_made_anew(
    provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = snapshot(provider, 4)
    # only its home is another: what a node is unpacked into stays
    monkeypatch.setattr(snapshots, "_home", lambda: tmp_path)
    second = snapshot(provider, 4)
    assert first is not None
    assert second is not None
    assert first.name == second.name
    assert first.parent != second.parent
    name = "regtest/blocks/blk00000.dat"
    assert (first / name).read_bytes() == (second / name).read_bytes()
    assert snapshot(provider, 4) == second, "made once"


def test_of_many_snapshots_the_newest_stay_and_those_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "_home", lambda: tmp_path)
    for number in range(KEPT + 4):
        folder = tmp_path / str(number)
        folder.mkdir()
        if number >= 2:
            os.utime(folder, (number, number))
    snapshots._prune()
    assert {path.name for path in tmp_path.iterdir()} == {"0", "1", *map(str, range(6, KEPT + 4))}


def test_an_external_node_cannot_be_renewed() -> None:
    with pytest.raises(ConfigurationError, match="@fresh_node needs a node that the bench starts itself"):
        fresh_node(1, "external")


def test_scenarios_in_random_order_leave_one_node_as_it_was(provider: str) -> None:
    with fresh_node(1, provider) as node:
        result = soak(node, 60)
    result.check()
    assert result.scenarios == 60


def test_a_node_that_grew_beyond_the_limits_is_a_rig_fault() -> None:
    with pytest.raises(RigFault, match="resident memory grew by 9000000 bytes in 500 scenarios, limit 8000000"):
        Soak(500, 1.0, 3.0, 20.0, 9_000_000, 0).check()
    with pytest.raises(RigFault, match="data folder grew by 9000000"):
        Soak(500, 1.0, 3.0, 20.0, 0, 9_000_000).check()
    Soak(1000, 1.0, 3.0, 20.0, 9_000_000, 0).check()
