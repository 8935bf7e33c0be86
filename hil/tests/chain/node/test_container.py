"""A bitcoind in a container. Collected only where a Docker daemon answers."""

from __future__ import annotations

import json
import signal
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import docker.errors
import pytest

from hil.chain.client.rpc import LedgerUnavailable, RpcClient
from hil.chain.node import ports as network_sockets
from hil.chain.node.base import OPTIONS, free_port
from hil.chain.node.container import OWNER_LABEL, ContainerNode, connect, reap
from hil.chain.node.image import DEFAULT_IMAGE, OWN_IMAGES, ensure_image
from hil.chain.node.process_identity import this_process
from hil.errors import ConfigurationError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from docker import DockerClient

OWNER = """
import sys
from hil.chain.node.container import ContainerNode
node = ContainerNode()
node.start()
print(node.container.id, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def daemon() -> Iterator[DockerClient]:
    client = connect(600)
    yield client
    client.close()


def _exists(daemon: DockerClient, identity: str) -> bool:
    try:
        daemon.containers.get(identity)
    except docker.errors.NotFound:
        return False
    return True


@pytest.mark.parametrize("host_network", [True, False])
def test_a_node_answers_on_loopback_only_and_is_removed(daemon: DockerClient, host_network: bool) -> None:
    with ContainerNode(host_network=host_network) as node:
        identity = str(node.container.id)
        assert node.endpoint.host == "127.0.0.1"
        client = RpcClient(node.endpoint)
        assert client.call("getblockcount") == 0
        client.close()
        published = daemon.containers.get(identity).attrs["HostConfig"]["PortBindings"] or {}
        assert {binding["HostIp"] for port in published.values() for binding in port} <= {"127.0.0.1"}
    assert not _exists(daemon, identity)
    node.stop()


def test_docker_shows_what_runs_and_no_password_and_few_rights(daemon: DockerClient) -> None:
    with ContainerNode() as node:
        description = node.describe()
        attributes = daemon.api.inspect_container(str(node.container.id))
        assert "-rpcauth=" in json.dumps(attributes)
        assert node.endpoint.password not in json.dumps(attributes)
    host = attributes["HostConfig"]
    assert (host["ReadonlyRootfs"], host["CapDrop"], list(host["Tmpfs"])) == (True, ["ALL"], ["/data"])
    assert attributes["Config"]["User"] == "65534:65534"
    assert (description.provider, description.image, description.options) == ("docker", DEFAULT_IMAGE, OPTIONS)
    assert description.image_digest.startswith("sha256:")
    assert description.version >= 240_000


def test_the_container_of_a_killed_owner_is_removed_by_the_next_start(
    daemon: DockerClient, owner_process: Callable[[str], subprocess.Popen[str]]
) -> None:
    owner = owner_process(OWNER)
    assert owner.stdout is not None
    identity = owner.stdout.readline().strip()
    assert _exists(daemon, identity)
    owner.send_signal(signal.SIGKILL)
    owner.wait(5)
    with ContainerNode() as node:
        assert not _exists(daemon, identity)
        assert reap(daemon) == []
        assert _exists(daemon, str(node.container.id))


def test_a_container_of_another_machine_is_left_alone_until_it_has_ended(daemon: DockerClient) -> None:
    ensure_image(daemon, DEFAULT_IMAGE)
    elsewhere = str(replace(this_process(), space="0abc"))
    stranger = daemon.containers.create(
        DEFAULT_IMAGE, ["-version"], entrypoint=["bitcoind"], labels={OWNER_LABEL: elsewhere}
    )
    try:
        assert stranger.id not in reap(daemon)
        stranger.start()
        stranger.wait()
        assert stranger.id in reap(daemon)
    finally:
        if _exists(daemon, str(stranger.id)):
            stranger.remove(force=True)


def test_a_container_that_exits_at_start_is_noticed_with_its_last_words(daemon: DockerClient) -> None:
    with pytest.raises(LedgerUnavailable, match=r"ended by itself .exit code 1.* Invalid parameter -nosuchoption"):
        ContainerNode(extra_options=("-nosuchoption",)).start()
    mine = daemon.api.containers(all=True, filters={"label": f"{OWNER_LABEL}={this_process()}"})
    assert "-nosuchoption" not in json.dumps(mine)


def test_a_port_taken_at_the_last_moment_is_replaced_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = iter([other.getsockname()[1], *(free_port() for _ in range(3))])
        monkeypatch.setattr(network_sockets, "free_port", lambda: next(ports))
        with ContainerNode(host_network=True) as node:
            assert node.endpoint.port != other.getsockname()[1]


def test_an_absent_image_of_our_own_is_built_and_found_again(daemon: DockerClient) -> None:
    name = f"{OWN_IMAGES}bitcoind-test-{this_process().pid}"
    try:
        built, notes = ensure_image(daemon, name)
        again, notes_again = ensure_image(daemon, name)
        assert (again.id, notes_again) == (built.id, notes)
        version = daemon.containers.run(name, ["-version"], remove=True)
        assert version.startswith(b"Bitcoin ")
    finally:
        daemon.images.remove(name, force=True)


def test_an_image_of_somebody_else_is_not_made_up() -> None:
    with pytest.raises(ConfigurationError, match=r"HIL_BITCOIND_IMAGE: the image .* cannot be pulled"):
        ContainerNode(image="localhost:1/no/such-image:1").start()
