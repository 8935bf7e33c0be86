"""The Electrum server as a child process, on a real node."""

from __future__ import annotations

import importlib.util
import os
import select
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hil.chain.client.rpc import LedgerUnavailable, RpcClient, RpcEndpoint
from hil.chain.electrum import server as electrum_server
from hil.chain.electrum.client import ElectrumClient
from hil.chain.electrum.server import ElectrumServer, reap
from hil.chain.electrum.sync import ServerFollower
from hil.chain.node.base import free_port
from hil.errors import ConfigurationError, RigFault

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from hil.tests.chain.conftest import AnyNode

OWNER = """
import sys
from hil.chain.electrum.server import ElectrumServer
from hil.chain.client.rpc import RpcEndpoint
server = ElectrumServer(RpcEndpoint("127.0.0.1", int(input()), input(), input()))
server.start()
print(server.pid, server.folder, flush=True)
sys.stdin.read()
"""


def test_a_server_answers_on_loopback_only_and_leaves_nothing_behind(node: AnyNode, client: RpcClient) -> None:
    with ElectrumServer(node.endpoint) as server:
        folder, pid = server.folder, os.pidfd_open(server.pid)
        asking = ElectrumClient(server.endpoint)
        ServerFollower(client, asking).catch_up()
        tip = asking.call("blockchain.headers.subscribe")
        asking.close()
        assert tip["height"] == client.call("getblockcount")
        assert server.endpoint.host == "127.0.0.1"
        assert folder is not None
        assert folder.stat().st_mode & 0o777 == 0o700
    assert select.select([pid], [], [], 5)[0]
    os.close(pid)
    assert not folder.exists()
    server.stop()
    with pytest.raises(RigFault, match="not started"):
        _ = server.endpoint


def test_the_nodes_password_is_in_no_list_of_processes_and_in_no_file(node: AnyNode, electrum: ElectrumServer) -> None:
    assert electrum.folder is not None
    process = Path(f"/proc/{electrum.pid}")
    written = b"".join(path.read_bytes() for path in electrum.folder.rglob("*") if path.is_file())
    shown = (process / "cmdline").read_bytes() + (process / "environ").read_bytes() + written
    assert b"electrumx" in shown
    assert node.endpoint.password.encode() not in shown


def test_a_server_dies_with_its_killed_owner_and_the_next_start_removes_its_data(
    node: AnyNode, owner_process: Callable[[str], subprocess.Popen[str]]
) -> None:
    owner = owner_process(OWNER)
    assert owner.stdin is not None
    assert owner.stdout is not None
    owner.stdin.write(f"{node.endpoint.port}\n{node.endpoint.user}\n{node.endpoint.password}\n")
    owner.stdin.flush()
    pid, folder = owner.stdout.readline().split()
    server = os.pidfd_open(int(pid))
    owner.send_signal(signal.SIGKILL)
    owner.wait(5)
    assert select.select([server], [], [], 5)[0]
    os.close(server)
    assert Path(folder).exists()
    assert Path(folder).name in reap()
    assert not Path(folder).exists()


def test_a_server_without_its_node_is_given_up_with_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(electrum_server, "START_TIMEOUT", 3.0)  # on a busy machine it says nothing for a second
    server = ElectrumServer(RpcEndpoint("127.0.0.1", free_port(), "u", "secret-word"))
    with pytest.raises(LedgerUnavailable, match=r"waited 3 s .* in vain; .* last words: .*connection") as caught:
        server.start()
    assert "secret-word" not in str(caught.value)
    assert server.folder is None


def test_a_missing_package_is_named_with_the_way_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    true = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "electrumx" else true(name))
    with pytest.raises(ConfigurationError, match=r"e-x is not installed.*micropay-hil\[electrum\]"):
        ElectrumServer(RpcEndpoint("127.0.0.1", 1, "u", "p")).start()
