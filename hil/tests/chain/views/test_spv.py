"""The SPV view over its life: cold start in turns, warm start from a device's storage, what it keeps and sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.chain.client.rpc import LedgerUnavailable, RpcClient
from hil.chain.electrum.client import ElectrumClient
from hil.chain.electrum.server import ElectrumServer
from hil.chain.funding.regtest_ledger import RegtestLedger
from hil.chain.views import header_sync
from hil.chain.views import spv as spv_view
from hil.chain.views.factory import open_view
from hil.chain.views.header_store import FileHeaders
from hil.chain.views.headers import MAINNET, hash_of
from hil.chain.views.servers import LedgerServer
from hil.chain.views.spv import SpvView
from hil.devices.storage.file_storage import FileStorage
from hil.protocol.payment.coins import OutPoint
from hil.protocol.payment.signing import Key
from hil.units import Satoshi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOWHERE = OutPoint("ab" * 32, 0)


@pytest.fixture
def asking(electrum: ElectrumServer, ledger: RegtestLedger, settled: Callable[[], None]) -> Iterator[ElectrumClient]:
    settled()
    client = ElectrumClient(electrum.endpoint)
    yield client
    client.close()


def test_a_cold_start_takes_turns_and_says_meanwhile_that_it_is_not_ready(
    asking: ElectrumClient, client: RpcClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(header_sync, "CHUNK", 10)
    monkeypatch.setattr(spv_view, "CHUNKS_PER_TURN", 4)
    view = SpvView(asking)
    assert not view.ready()
    assert view.chain.height == 39
    with pytest.raises(LedgerUnavailable, match="headers are being loaded, 80 so far"):
        view.coin(NOWHERE)
    turns = 2
    while not view.ready():
        turns += 1
    tip = client.call("getblockcount")
    assert view.chain.height == tip
    assert hash_of(view.chain.header(tip)) == client.call("getbestblockhash")
    assert turns == tip // 40


def test_a_warm_start_from_the_storage_of_a_device_asks_for_the_tip_only(
    electrum: ElectrumServer, asking: ElectrumClient, ledger: RegtestLedger, settled: Callable[[], None], tmp_path: Path
) -> None:
    heights, received = [], []
    for blocks in (0, 0, 2):
        ledger.mine(blocks) if blocks else None
        settled()
        with FileStorage(tmp_path / "storage") as storage:
            end = electrum.endpoint
            view = open_view("spv", LedgerServer(end.host, end.port, headers=storage))
            assert isinstance(view, SpvView)
            assert view.ready()
            heights.append(view.chain.height)
            received.append(view.client.bytes_in)
            assert view.storage_bytes() == (view.chain.height + 1) * 80
            view.close()
    assert heights == [heights[0], heights[0], heights[0] + 2]
    assert received[1] < received[2] < received[0]


def test_a_coin_that_was_proven_once_is_not_proven_again_while_its_block_stands(
    asking: ElectrumClient, ledger: RegtestLedger, key: Key, settled: Callable[[], None]
) -> None:
    coin = ledger.fund(key.p2wpkh_script, Satoshi(10_000))[0]
    settled()
    view = SpvView(asking)
    assert view.coin(coin.outpoint) is not None
    first = asking.bytes_out
    assert view.coin(coin.outpoint) is not None
    assert asking.bytes_out - first < first / 3


def test_a_server_of_another_network_is_refused_by_its_first_header(asking: ElectrumClient, tmp_path: Path) -> None:
    view = SpvView(asking, network=MAINNET, store=FileHeaders(tmp_path / "headers"))
    with pytest.raises(LedgerUnavailable, match="not that of mainnet"):
        view.ready()
    assert view.storage_bytes() == 0
