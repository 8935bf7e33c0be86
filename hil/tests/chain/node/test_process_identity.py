from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hil.chain.node.process_identity import Liveness, ProcessIdentity, parse_identity, this_process


@given(st.integers(1, 2**22), st.integers(0, 2**63), st.text("0123456789abcdef", min_size=1, max_size=24))
def test_an_owner_is_read_back_as_written(pid: int, started: int, space: str) -> None:
    owner = ProcessIdentity(pid, started, space)
    assert parse_identity(str(owner)) == owner


def test_something_else_is_no_owner() -> None:
    assert parse_identity("standing") is None


def test_this_process_is_alive() -> None:
    assert this_process().pid == os.getpid()
    assert this_process().liveness() is Liveness.ALIVE


def test_a_later_process_with_the_same_id_is_not_the_owner() -> None:
    assert replace(this_process(), started=this_process().started + 1).liveness() is Liveness.DEAD


def test_a_process_of_another_machine_or_container_cannot_be_judged() -> None:
    assert replace(this_process(), space="0abc").liveness() is Liveness.UNKNOWN


def test_an_ended_process_is_dead_even_before_its_parent_has_noticed() -> None:
    program = "from hil.chain.node.process_identity import this_process; print(this_process(), flush=True)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        owner = parse_identity(process.stdout.readline().strip())
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert owner is not None
        assert owner.pid == process.pid
        assert owner.liveness() is Liveness.DEAD
