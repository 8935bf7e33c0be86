"""A session on the virtual bench, in this process."""

from __future__ import annotations

import math
import signal
from pathlib import Path

import pytest

from hil.evidence.documents import Verdict
from hil.history.studies.sessions import Measured
from hil.interrupts import SIGNALS
from hil.study import conduct as conducting
from hil.study.bench import BenchSession
from hil.study.conduct import Conducted, conduct
from hil.study.design import design_for
from hil.tests.study.results import rig


def studied(folder: Path) -> Conducted:
    file = rig()
    design = design_for(file, levels=1, trials=2, seconds=5)
    return conduct(
        folder,
        file,
        design,
        benches=1,
        node="native",
        seed=7,
        operator="Ada",
        again="",
        progress=lambda words: None,
    )


class SeldomRead(BenchSession):
    """A session whose meter is read every 0.5 s: on a busy machine readings come as late."""

    def measure(self) -> tuple[Measured, ...]:
        self._scenario.sample_every(0.5)
        return super().measure()


def test_a_cut_that_the_meter_shows_late_is_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(conducting, "BenchSession", SeldomRead)

    found = studied(tmp_path)

    assert found.failure is None
    assert found.verdict is Verdict.PASS
    times = found.sessions[0].of("time")
    assert all(math.isfinite(each.value) and each.within for each in times)
    # readings half a second apart leave the edge open for as long
    assert max(each.uncertainty for each in times) > 0.25


def test_signals_are_given_back(tmp_path: Path) -> None:
    before = [signal.getsignal(each) for each in SIGNALS]

    studied(tmp_path)

    assert [signal.getsignal(each) for each in SIGNALS] == before
