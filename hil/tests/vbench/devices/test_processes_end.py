"""However the bench ends, its devices' programs end too, and their storages go."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyModbusTCP.client import ModbusClient

from hil.tests.vbench.bench_kit import Client
from hil.tests.vbench.devices.test_processes import ACCOUNT, BOOT, awaited, is_alive, until


@dataclass
class Started:
    bench: subprocess.Popen[bytes]
    device: int
    folder: Path


@pytest.fixture
def started() -> Iterator[Started]:
    """A bench of its own with a cable that runs."""
    ports = [f"--port={name}=0" for name in ("meter", "load", "relays", "control")]
    ports += [f"--port={role}-{line}=0" for role in ("socket", "cable") for line in ("link", "console")]
    bench = subprocess.Popen(
        [sys.executable, "-m", "hil.vbench", "--with-parent", *ports],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with bench, ExitStack() as stack:
        stack.callback(bench.kill)
        assert bench.stdout is not None
        ready = json.loads(bench.stdout.readline())

        def client(name: str) -> Client:
            one = Client(socket.create_connection((ready["address"], ready["ports"][name]), timeout=10))
            stack.callback(one.close)
            return one

        control, console = client("control"), client("cable-console")
        control.ask(op="reset", seed="s", clock="wall", devices={"cable": {"account": ACCOUNT, "boot": BOOT}})
        board = ModbusClient(ready["address"], ready["ports"]["relays"], timeout=10)
        assert board.write_single_coil(3, True)
        pid = until(console, "start")["pid"]
        board.close()
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        storage = Path(arguments[arguments.index(b"--storage") + 1].decode())
        assert Path(f"/proc/{pid}/root{storage}").is_dir()
        yield Started(bench, pid, storage.parents[1])


def test_a_bench_whose_parent_is_gone_takes_its_devices_along(started: Started) -> None:
    assert started.bench.stdin is not None
    started.bench.stdin.close()
    assert started.bench.wait(10) == 0
    awaited(lambda: not is_alive(started.device), "the end of the cable's program")
    assert not started.folder.exists()


def test_a_bench_that_is_told_to_end_takes_its_devices_along(started: Started) -> None:
    started.bench.terminate()
    assert started.bench.wait(10) == 0
    awaited(lambda: not is_alive(started.device), "the end of the cable's program")
    assert not started.folder.exists()


def test_a_device_whose_bench_was_killed_ends_by_itself(started: Started) -> None:
    os.kill(started.bench.pid, signal.SIGKILL)
    started.bench.wait(10)
    awaited(lambda: not is_alive(started.device), "the end of the cable's program")
    shutil.rmtree(started.folder)  # nobody was left to do it
