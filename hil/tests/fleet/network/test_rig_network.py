"""The cable to a rig is pulled: real network namespaces, a real bench, and packets that vanish without an answer."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from hil.clock import stopwatch
from hil.rig.virtual.client import QUESTION_TIMEOUT_S
from hil.tests.acceptance.commands import ROOT, own_address
from hil.tests.fleet.network import cut_bench, rig_network

TIMEOUT_S = 100.0


def test_a_bench_that_is_cut_off_opens_its_relays_by_itself_and_no_question_to_it_goes_on_for_long() -> None:
    address, took = own_address(3), stopwatch()
    done = subprocess.run(
        [sys.executable, "-m", cut_bench.__name__, address],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )

    if rig_network.why_not():
        assert done.returncode != 0
        return
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    no_answer = (
        f"virtual bench {address}: no answer to 'faults' within {QUESTION_TIMEOUT_S:g} s."
        " See whether its program runs, then rerun."
    )
    assert told == {
        "before": ["K1"],
        "said": [no_answer, no_answer],
        "gave up": True,
        "after": [],
        "another": "admitted",
    }
    assert took() < TIMEOUT_S


def test_who_is_not_root_is_told_so_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    assert rig_network.why_not() == "only root can make network namespaces"


def test_a_command_that_is_missing_is_told_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("PATH", "")

    assert rig_network.why_not() == "the command ip is missing: apt install iproute2"
