"""How the rig and its virtual bench take turns: chosen by trial, and put back afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from hil.errors import RigFault
from hil.instruments.visa.raw_socket import LineSession
from hil.rig.virtual import lockstep_tuning
from hil.rig.virtual.lockstep_tuning import PATIENCE_S, tuned_lockstep
from hil.rig.virtual.process import VirtualBenchProcess


@pytest.fixture
def bench() -> Iterator[VirtualBenchProcess]:
    process = VirtualBenchProcess()
    yield process
    process.close()


@pytest.mark.parametrize(("alone", "apart", "patience"), [(2.0, 1.0, PATIENCE_S), (1.0, 2.0, 0.0)])
def test_the_faster_way_is_taken(
    bench: VirtualBenchProcess, monkeypatch: pytest.MonkeyPatch, alone: float, apart: float, patience: float
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(os, "sched_setaffinity", lambda *_: None)
    monkeypatch.setattr(
        lockstep_tuning, "_time_of_a_turn", lambda bench, here, there, _: alone if here == there else apart
    )
    with tuned_lockstep(bench):
        assert LineSession.patience == patience
    assert LineSession.patience == 0.0


def test_the_processors_of_the_process_are_given_back(bench: VirtualBenchProcess) -> None:
    before = os.sched_getaffinity(0)
    with tuned_lockstep(bench):
        assert len(os.sched_getaffinity(0)) == 1
        assert bench.advance(0.0, {}) == (0.0, {})
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize("seconds", [-1.0, 1.0])
def test_a_bench_is_not_patient_beyond_reason(bench: VirtualBenchProcess, seconds: float) -> None:
    with pytest.raises(RigFault, match=r"patience\.seconds"):
        bench.be_patient(seconds)
