"""Which node is taken, external nodes, and the persistent one."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from hil.chain.client.rpc import LedgerUnavailable, RpcClient, RpcError, WrongCredentials
from hil.chain.funding.regtest_ledger import RegtestLedger
from hil.chain.node import persistent
from hil.chain.node.external import ExternalNode
from hil.chain.node.folders import PROJECT, cache_folder
from hil.chain.node.providers import choose, decide, measure_ready
from hil.chain.views.full_node import NodeView
from hil.clock import WallClock
from hil.errors import ConfigurationError
from hil.protocol.payment.signing import Key
from hil.units import Satoshi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hil.chain.node.base import Node
    from hil.tests.chain.conftest import Spend

_NODE_VARIABLES = ("NODE", "HIL_NODE_URL", "HIL_NODE_COOKIE", "HIL_NODE_USER", "HIL_NODE_PASSWORD")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _NODE_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-such-socket")


def test_what_is_asked_for_is_taken(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert decide(provider).provider == provider
    monkeypatch.setenv("NODE", provider)
    with choose() as node:
        assert node.describe().provider == provider
        assert f"{provider} was asked for" in node.describe().notes


def test_docker_is_taken_where_a_daemon_answers_and_native_elsewhere(provider: str) -> None:
    # the first of the providers that this machine has is the one that auto takes
    taken = decide("auto").provider
    assert taken in {"docker", "native"}
    assert taken == "docker" or provider == "native"


@pytest.mark.usefixtures("no_docker")
def test_without_docker_a_native_node_is_taken_or_the_ways_out_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bitcoind"
    program.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HIL_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HIL_DEBIAN_MIRROR", raising=False)
    choice = decide("auto")
    assert choice.provider == "native"
    assert "because no Docker daemon answers" in choice.why
    program.unlink()
    with pytest.raises(ConfigurationError) as caught:
        choose("auto")
    for way in ("Docker daemon", "bitcoind is on PATH", "HIL_DEBIAN_MIRROR", "NODE=external", "HIL_NODE_URL"):
        assert way in str(caught.value)


def test_an_unknown_provider_is_named_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE", "dockr")
    with pytest.raises(ConfigurationError, match=r"NODE: 'dockr' is no provider .* Did you mean 'docker'\?"):
        choose()


def test_an_external_node_is_checked_used_and_not_stopped(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    there = node.endpoint
    monkeypatch.setenv("HIL_NODE_URL", f"http://{there.host}:{there.port}")
    monkeypatch.setenv("HIL_NODE_USER", there.user)
    monkeypatch.setenv("HIL_NODE_PASSWORD", there.password)
    with choose("external") as external:
        assert external.endpoint == there
        assert external.describe().subversion == node.describe().subversion
    client = RpcClient(there)
    client.call("getblockcount")
    client.close()
    monkeypatch.setenv("HIL_NODE_PASSWORD", "wrong")
    with pytest.raises(WrongCredentials, match="refused our credentials"):
        ExternalNode().start()


def test_an_external_node_is_reached_by_cookie_or_by_credentials_in_the_address(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = node.endpoint
    cookie = tmp_path / "cookie"
    cookie.write_text(f"{there.user}:{there.password}\n")
    monkeypatch.setenv("HIL_NODE_URL", f"http://{there.host}:{there.port}")
    monkeypatch.setenv("HIL_NODE_COOKIE", str(cookie))
    with ExternalNode() as external:
        assert external.endpoint == there
    monkeypatch.setenv("HIL_NODE_URL", f"http://{there.user}:{there.password}@{there.host}:{there.port}")
    monkeypatch.delenv("HIL_NODE_COOKIE")
    with ExternalNode() as external:
        assert external.endpoint == there


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "HIL_NODE_URL: no external node is named. Set HIL_NODE_URL"),
        ({"HIL_NODE_URL": "127.0.0.1:18443"}, "not an address of the form"),
        ({"HIL_NODE_URL": "http://h:99999999"}, "not an address"),
        ({"HIL_NODE_URL": "http://127.0.0.1"}, "HIL_NODE_USER: no credentials"),
        ({"HIL_NODE_URL": "http://127.0.0.1", "HIL_NODE_COOKIE": "/no/such/file"}, "cookie file cannot be read"),
    ],
)
def test_an_external_node_that_is_badly_named_is_a_mistake_in_the_configuration(
    settings: dict[str, str], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=complaint):
        ExternalNode().start()


def test_the_cache_is_where_it_is_wished_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HIL_CACHE", raising=False)
    assert cache_folder() == PROJECT / ".cache"
    monkeypatch.setenv("HIL_CACHE", str(tmp_path / "here"))
    assert cache_folder() == tmp_path / "here"
    (tmp_path / "file").touch()
    monkeypatch.setenv("HIL_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(ConfigurationError, match="the cache folder cannot be made"):
        cache_folder()


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder of its own for the persistent node, with the bitcoind that was unpacked already."""
    for path in cache_folder().glob("debian-*[!k]"):
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.setenv("HIL_CACHE", str(tmp_path))
    yield tmp_path
    persistent.down()


def test_a_standing_node_is_up_until_it_is_taken_down_and_bitcoin_cli_sees_what_happens_on_it(
    provider: str, own_cache: Path, key: Key, stranger: bytes, spend: Spend, txid_of: Callable[[bytes], str]
) -> None:
    assert persistent.info() is None
    node = persistent.up(provider)
    assert persistent.up("auto") == persistent.info() == node
    assert node.description.provider == provider
    password = node.endpoint.password
    assert password not in node.command
    assert password not in repr(node)
    assert password not in (own_cache / "standing.json").read_text()
    for name in ("standing.json", "standing.cookie"):
        assert (own_cache / name).stat().st_mode & 0o777 == 0o600

    client = RpcClient(node.endpoint)
    ledger = RegtestLedger(client, seed=9, now=lambda: 0.0)
    ledger.prepare()
    raw = spend(ledger.fund(key.p2wpkh_script, Satoshi(50_350))[0], stranger)
    NodeView(client).broadcast(raw)
    command = [*shlex.split(node.command), "getrawmempool"]
    seen = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    assert txid_of(raw) in seen.stdout
    client.close()

    assert persistent.down()
    assert persistent.info() is None
    assert not persistent.down()


def answers(client: RpcClient) -> bool:
    try:
        client.call("uptime")
    except LedgerUnavailable:
        return False
    except RpcError:
        return True  # it says that it is about to stop
    return True


def test_a_standing_node_that_died_is_started_anew(provider: str, own_cache: Path) -> None:
    first = persistent.up(provider)
    client = RpcClient(first.endpoint)
    client.call("stop")  # answered before the node is gone
    clock = WallClock()
    while answers(client):
        assert clock.now() < 10, "the node was told to stop and still answers"
        clock.sleep(0.02)
    client.close()
    assert persistent.up(provider).endpoint != first.endpoint


@pytest.mark.usefixtures("own_cache")
def test_an_external_node_is_not_ours_to_start() -> None:
    with pytest.raises(ConfigurationError, match="not ours to start"):
        persistent.up("external")


def test_ready_and_funded_is_measured(provider: str) -> None:
    assert 0 < measure_ready(provider) < 10
