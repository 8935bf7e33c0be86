"""What each view of the ledger costs a device: storage, bytes on the wire, time from start to ready (docs/system.md).

Measured on regtest at several heights of chain, with real nodes and a real Electrum server, and carried on to the
mainnet of June 2017 in a straight line. That line says much about SPV, whose headers have one size on every network,
and little about the full node: blocks are empty here, so its line is the part of headers and bookkeeping only.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from hil.chain.client.rpc import LedgerUnavailable, RpcClient
from hil.chain.electrum.client import ElectrumClient
from hil.chain.electrum.server import ElectrumServer
from hil.chain.electrum.sync import ServerFollower
from hil.chain.funding.blocks import EPOCH, empty_block
from hil.chain.node.native import NativeNode
from hil.chain.views.api import ApiView
from hil.chain.views.header_store import FileHeaders
from hil.chain.views.light import LightView
from hil.chain.views.spv import SpvView
from hil.clock import WallClock, stopwatch
from hil.errors import RigFault

HEIGHTS: Final = (200, 1000, 2000)
MAINNET_HEIGHT: Final = 470_000
"""Of the mainnet in June 2017."""
SLIDES: Final = {"node": 120_000_000_000, "spv": 35_000_000}
"""Bytes of storage, from the slides."""

_TRIES: Final = 5
_BATCH: Final = 200
_TIMEOUT: Final = 120.0
_PAUSE: Final = 0.005
_BLOCK_INTERVAL: Final = 600


@dataclass(frozen=True)
class Cost:
    """What a view took until it was ready.

    :param storage_bytes: on the device.
    :param wire_bytes: both ways, without TCP/IP headers, at a cold start.
    :param cold_s: from the start, with nothing stored, to ready: a full node's process included.
    :param warm_s: likewise with what the cold start stored.
    :param warm_wire_bytes: both ways at a warm start; null for the node, which then asks nobody before it is ready.
    """

    storage_bytes: int
    wire_bytes: int
    cold_s: float
    warm_s: float
    warm_wire_bytes: int | None


def measure(heights: tuple[int, ...] = HEIGHTS, tries: int = _TRIES) -> Mapping[str, Any]:
    """Return the figures for ``reports/perf.json``; raises ConfigurationError without a native bitcoind."""
    rows: list[dict[str, Any]] = []
    with NativeNode(peers=True) as source:
        client = RpcClient(source.endpoint)
        with ElectrumServer(source.endpoint) as server:
            asking = ElectrumClient(server.endpoint)
            follower = ServerFollower(client, asking)
            for height in heights:
                _mine_to(client, height, heights[-1])
                follower.catch_up(_TIMEOUT)
                costs = {
                    "node": [_node(source.peer_address, height)],
                    "spv": [_light(server, spv=True) for _ in range(tries)],
                    "api": [_light(server, spv=False) for _ in range(tries)],
                }
                rows.append({"height": height, **{kind: asdict(_median(found)) for kind, found in costs.items()}})
            asking.close()
        client.close()
    return {"ledger_views": {"measured": rows, "mainnet_june_2017": _carried_on(rows), "slides": SLIDES}}


def _mine_to(client: RpcClient, height: int, last: int) -> None:
    present, tip = client.batch([("getblockcount",), ("getbestblockhash",)])
    calls = []
    for number in range(present + 1, height + 1):
        script = b"\x00\x14" + number.to_bytes(20, "big")
        block = empty_block(tip, number, EPOCH - (last - number) * _BLOCK_INTERVAL, script)
        calls.append(("submitblock", block.raw.hex()))
        tip = block.hash
    for start in range(0, len(calls), _BATCH):
        client.batch(calls[start : start + _BATCH])
    if client.call("getbestblockhash") != tip:
        raise RigFault(f"the node did not take {len(calls)} blocks", place=client.endpoint.place)


def _node(source: str, height: int) -> Cost:
    """A full node of its own that loads the chain from ``source`` as nodes do, and starts again on what it has."""
    elapsed = stopwatch()
    with NativeNode(peers=True) as node:
        client = RpcClient(node.endpoint)
        client.call("addnode", source, "onetry")
        _wait(lambda: bool(client.call("getblockcount") == height), f"the node to have {height} blocks")
        cold = elapsed()
        totals = client.call("getnettotals")
        client.call("stop")
        client.close()
        node.wait_ended(_TIMEOUT)
        storage = _size(node.folder) if node.folder is not None else 0
        elapsed = stopwatch()
        node.run_again()
        warm = elapsed()
        found = client.call("getblockcount")
        client.close()
    if found != height:
        raise RigFault(f"the node came back with {found} of {height} blocks")
    wire = int(totals["totalbytesrecv"]) + int(totals["totalbytessent"])
    return Cost(storage, wire, round(cold, 4), round(warm, 4), None)


def _light(server: ElectrumServer, *, spv: bool) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        runs = []
        for _ in ("cold", "warm"):
            elapsed = stopwatch()
            client = ElectrumClient(server.endpoint)
            store = FileHeaders(Path(folder) / "headers")
            view: LightView = SpvView(client, store=store) if spv else ApiView(client)
            _wait(view.ready, "the view to be ready")
            runs.append((elapsed(), client.bytes_in + client.bytes_out))
            client.close()
        (cold, wire), (warm, warm_wire) = runs
        return Cost(view.storage_bytes(), wire, round(cold, 4), round(warm, 4), warm_wire)


def _median(costs: list[Cost]) -> Cost:
    first = costs[0]
    cold, warm = (statistics.median(getattr(one, name) for one in costs) for name in ("cold_s", "warm_s"))
    return Cost(first.storage_bytes, first.wire_bytes, cold, warm, first.warm_wire_bytes)


def _carried_on(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Carry each figure on from the first and the last height in a straight line; the API's don't depend on height."""
    first, last = rows[0], rows[-1]
    span, ahead = last["height"] - first["height"], MAINNET_HEIGHT - last["height"]
    found: dict[str, Any] = {"height": MAINNET_HEIGHT, "api": last["api"]}
    names = ("storage_bytes", "wire_bytes", "cold_s")
    # a node that starts again reads its last blocks only, so its time tells nothing of the height
    for kind, wanted in (("node", names), ("spv", (*names, "warm_s"))):
        figures = {}
        for name in wanted:
            slope = (last[kind][name] - first[kind][name]) / span
            figures[name] = round(max(0.0, last[kind][name] + slope * ahead), 1 if name.endswith("_s") else None)
        found[kind] = figures
    return found


def _wait(condition: Callable[[], bool], what: str) -> None:
    elapsed, pause = stopwatch(), WallClock()
    while not condition():
        if elapsed() > _TIMEOUT:
            raise LedgerUnavailable(f"waited {_TIMEOUT:g} s for {what} in vain")
        pause.sleep(_PAUSE)


def _size(folder: Path) -> int:
    """Return the bytes that the files take up, holes left out; logs are not the ledger."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".log"]
    return sum(path.stat().st_blocks * 512 for path in files)
