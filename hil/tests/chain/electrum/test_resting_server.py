"""An Electrum server stands still while nobody asks it, and is level with its node when somebody does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hil.chain.attacks.electrum_faults import Truth
from hil.chain.electrum.client import ElectrumClient, ElectrumEndpoint
from hil.chain.electrum.server import ElectrumServer
from hil.clock import WallClock, stopwatch
from hil.rig.chain.electrum import LedgerViews

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.chain.client.rpc import RpcClient
    from hil.chain.funding.regtest_ledger import RegtestLedger
    from hil.tests.chain.conftest import AnyNode


def stands_still(pid: int) -> bool:
    return "\nState:\tT" in Path(f"/proc/{pid}/status").read_text()


def comes_to_rest(pid: int, timeout: float = 10.0) -> bool:
    """Wait: a process that was told to stop goes on until it is its turn to hear of it."""
    elapsed, pause = stopwatch(), WallClock()
    while not stands_still(pid):
        if elapsed() > timeout:
            return False
        pause.sleep(0.005)
    return True


@pytest.fixture
def views(client: RpcClient) -> Iterator[LedgerViews]:
    made = LedgerViews(client)
    yield made
    made.close()


def server_of(views: LedgerViews) -> ElectrumServer:
    server = views._server
    assert server is not None
    return server


def shown_height(access: dict[str, object] | None) -> int:
    assert access is not None
    asking = ElectrumClient(ElectrumEndpoint(str(access["host"]), int(str(access["port"]))))
    try:
        height: int = asking.call("blockchain.headers.subscribe")["height"]
    finally:
        asking.close()
    return height


def test_a_server_that_was_never_asked_for_is_not_started_by_a_look_at_the_node(views: LedgerViews) -> None:
    assert views.access("node") == {"kind": "node"}
    assert views._server is None


@pytest.mark.parametrize("lie", [None, Truth()], ids=["direct", "by way of the lying server"])
def test_a_server_rests_while_scenarios_look_at_the_node_and_then_shows_what_was_mined(
    views: LedgerViews, client: RpcClient, ledger: RegtestLedger, lie: Truth | None
) -> None:
    views.access("spv", lie)
    views.follow(0)
    assert not stands_still(server_of(views).pid)
    views.access("node")
    assert comes_to_rest(server_of(views).pid)
    for _ in range(3):
        ledger.mine()
    views.follow(3)  # of no concern to who looks at the node
    views.access("spv", lie)
    views.follow(3)
    assert shown_height(views.access("api")) == client.call("getblockcount")


def test_a_server_at_rest_ends_when_it_is_told_to(node: AnyNode) -> None:
    server = ElectrumServer(node.endpoint)
    server.start()
    process = server.pid
    server.rest()
    server.stop()
    assert not os.path.exists(f"/proc/{process}")
