"""Real nodes for the chain's tests: one for each provider that this machine has."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Protocol

import pytest
from bitcoin.core import COutPoint, CTransaction, CTxIn, CTxOut, b2lx, lx
from bitcoin.core.script import CScript

from hil.chain.client.rpc import RpcClient
from hil.chain.electrum.client import ElectrumClient
from hil.chain.electrum.server import ElectrumServer
from hil.chain.electrum.sync import ServerFollower
from hil.chain.funding.regtest_ledger import RegtestLedger
from hil.chain.node import container, native
from hil.chain.node.container import ContainerNode
from hil.chain.node.native import NativeNode
from hil.errors import ConfigurationError
from hil.protocol.payment.signing import Key, sign_transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hil.protocol.payment.coins import Coin


def _docker_answers() -> bool:
    try:
        container.connect().close()
    except ConfigurationError:
        return False
    return True


PROVIDERS = [
    *(["docker"] if _docker_answers() else []),
    *(["native"] if native.available() is not None else []),
]
collect_ignore = [
    *([] if "docker" in PROVIDERS else ["test_container.py"]),
    *([] if "native" in PROVIDERS else ["test_native.py", "test_ledger_costs.py"]),
]

AnyNode = ContainerNode | NativeNode


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "provider" in metafunc.fixturenames:
        metafunc.parametrize("provider", PROVIDERS, scope="session")


class MakeNode(Protocol):
    def __call__(self, *options: str) -> AnyNode: ...


class Spend(Protocol):
    def __call__(self, coin: Coin, to: bytes, fee: int = 500) -> bytes: ...


@pytest.fixture(scope="session")
def make_node(provider: str) -> MakeNode:
    """Build a node, not started, of each provider in turn."""

    def make(*options: str) -> AnyNode:
        return ContainerNode(extra_options=options) if provider == "docker" else NativeNode(extra_options=options)

    return make


@pytest.fixture(scope="session")
def node(make_node: MakeNode) -> Iterator[AnyNode]:
    """A running node of each provider, shared by all tests."""
    with make_node() as started:
        yield started


@pytest.fixture(scope="session")
def client(node: AnyNode) -> Iterator[RpcClient]:
    client = RpcClient(node.endpoint)
    yield client
    client.close()


class BenchTime:
    """The bench's time, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="session")
def bench_time() -> BenchTime:
    return BenchTime()


@pytest.fixture(scope="session")
def shared_ledger(client: RpcClient, bench_time: BenchTime) -> RegtestLedger:
    ledger = RegtestLedger(client, seed=1, now=bench_time)
    ledger.prepare()
    return ledger


@pytest.fixture
def ledger(shared_ledger: RegtestLedger) -> RegtestLedger:
    """The shared ledger at the beginning of a scenario."""
    shared_ledger.begin()
    return shared_ledger


@pytest.fixture(scope="session")
def electrum(node: AnyNode) -> Iterator[ElectrumServer]:
    """A real Electrum server on the shared node."""
    with ElectrumServer(node.endpoint, poll_ms=20) as started:
        yield started


@pytest.fixture(scope="session")
def settled(client: RpcClient, electrum: ElectrumServer) -> Iterator[Callable[[], None]]:
    """Wait until the Electrum server shows what the node has."""
    asking = ElectrumClient(electrum.endpoint)
    yield ServerFollower(client, asking).catch_up
    asking.close()


@pytest.fixture
def key() -> Key:
    return Key(b"\x21" * 32)


@pytest.fixture
def stranger() -> bytes:
    """A script that nobody here can spend."""
    return b"\x00\x14" + b"\x55" * 20


@pytest.fixture
def spend(key: Key) -> Spend:
    """Return the bytes of a signed transaction that spends a coin of ``key`` whole."""

    def spend(coin: Coin, to: bytes, fee: int = 500) -> bytes:
        txin = CTxIn(COutPoint(lx(coin.outpoint.txid), coin.outpoint.index))
        unsigned = CTransaction([txin], [CTxOut(coin.value - fee, CScript(to))], 0, 2)
        raw: bytes = sign_transaction(unsigned, [coin], {key.p2wpkh_script: key}).serialize()
        return raw

    return spend


@pytest.fixture
def txid_of() -> Callable[[bytes], str]:
    return lambda raw: str(b2lx(CTransaction.deserialize(raw).GetTxid()))


@pytest.fixture
def owner_process() -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start another Python process that owns a node; it is killed at the end of the test, whatever happens."""
    started: list[subprocess.Popen[str]] = []

    def start(program: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
