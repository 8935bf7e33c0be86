"""A bitcoind as a child process."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hil.chain.client.rpc import LedgerUnavailable, RpcClient
from hil.chain.funding.blocks import EPOCH
from hil.chain.node import native
from hil.chain.node.base import OPTIONS, free_port
from hil.chain.node.native import NativeNode, reap
from hil.errors import ConfigurationError, RigFault

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

OWNER = """
import sys
from hil.chain.node.native import NativeNode
node = NativeNode()
node.start()
print(node.pid, node.folder, flush=True)
sys.stdin.read()
"""


def _ends_within(pid_handle: int, seconds: float) -> bool:
    return bool(select.select([pid_handle], [], [], seconds)[0])


def test_a_node_answers_says_what_it_is_and_leaves_nothing_behind() -> None:
    with NativeNode() as node:
        folder, pid = node.folder, os.pidfd_open(node.pid)
        client = RpcClient(node.endpoint)
        assert client.call("getblockcount") == 0
        assert client.call("getblockchaininfo")["time"] < EPOCH
        client.close()
        description = node.describe()
        assert (description.provider, description.options) == ("native", OPTIONS)
        assert description.version >= 240_000
        assert description.subversion.startswith("/Satoshi:")
        assert folder is not None
        assert folder.stat().st_mode & 0o777 == 0o700
    assert _ends_within(pid, 5)
    os.close(pid)
    assert not folder.exists()
    node.stop()
    with pytest.raises(RigFault, match="not started"):
        _ = node.endpoint


def test_the_password_is_in_no_list_of_processes_and_in_no_file() -> None:
    with NativeNode() as node:
        assert node.folder is not None
        command = Path(f"/proc/{node.pid}/cmdline").read_bytes()
        environment = Path(f"/proc/{node.pid}/environ").read_bytes()
        written = b"".join(path.read_bytes() for path in node.folder.rglob("*") if path.is_file())
        assert b"-rpcauth=" in command
        assert node.endpoint.password.encode() not in command + environment + written


def test_a_node_dies_with_its_killed_owner_and_the_next_start_removes_its_data(
    owner_process: Callable[[str], subprocess.Popen[str]],
) -> None:
    owner = owner_process(OWNER)
    assert owner.stdout is not None
    pid, folder = owner.stdout.readline().split()
    node = os.pidfd_open(int(pid))
    owner.send_signal(signal.SIGKILL)
    owner.wait(5)
    assert _ends_within(node, 5)
    os.close(node)
    assert Path(folder).exists()
    with NativeNode():
        assert not Path(folder).exists()


def test_a_node_that_survived_its_owner_is_killed_by_the_next_start(
    owner_process: Callable[[str], subprocess.Popen[str]],
) -> None:
    # The kernel's signal at the parent's death can be missed only in the instant before it is asked for; here it
    # is not asked for at all.
    owner = owner_process("import hil.child_process as native\nnative._DIE_WITH_PARENT = ('env', '-u')\n" + OWNER)
    assert owner.stdout is not None
    pid, folder = owner.stdout.readline().split()
    node = os.pidfd_open(int(pid))
    owner.send_signal(signal.SIGKILL)
    owner.wait(5)
    assert not _ends_within(node, 0.05)
    assert Path(folder).name in reap()
    assert _ends_within(node, 5)
    os.close(node)
    assert not Path(folder).exists()


def test_what_is_in_use_is_not_reaped() -> None:
    with NativeNode() as node:
        assert node.folder is not None
        assert node.folder.name not in reap()
        client = RpcClient(node.endpoint)
        assert client.call("getblockcount") == 0
        client.close()


def test_a_node_outlives_the_thread_that_started_it() -> None:
    node = NativeNode()
    starter = threading.Thread(target=node.start)
    starter.start()
    starter.join()
    client = RpcClient(node.endpoint)
    assert client.call("getblockcount") == 0
    client.close()
    node.stop()


def test_a_node_that_ends_at_start_is_noticed_with_its_last_words() -> None:
    with pytest.raises(LedgerUnavailable, match=r"ended by itself .* Invalid parameter -nosuchoption"):
        NativeNode(extra_options=("-nosuchoption",)).start()


def test_a_port_taken_at_the_last_moment_is_replaced_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = iter([other.getsockname()[1], free_port()])
        monkeypatch.setattr(native, "free_port", lambda: next(ports))
        with NativeNode() as node:
            assert node.endpoint.port != other.getsockname()[1]


def test_a_machine_without_any_bitcoind_is_told_the_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIL_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("HIL_DEBIAN_MIRROR", raising=False)
    with pytest.raises(ConfigurationError, match=r"no bitcoind on PATH.*Ways out: start a Docker daemon"):
        NativeNode().start()


def test_a_bitcoind_on_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bitcoind"
    program.write_text("#!/bin/sh\necho 'Error: I am the one on PATH' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert native.available() == f"bitcoind on PATH ({program})"
    with pytest.raises(LedgerUnavailable, match="I am the one on PATH"):
        NativeNode().start()
