"""A lab meter that updates otherwise than its driver states: no device and no instrument is blamed for it."""

from __future__ import annotations

import pytest

from hil.errors import ExitCode
from hil.evidence.documents import Kind, Verdict
from hil.tests.acceptance.bench_plans import PERIODS
from hil.tests.acceptance.commands import Finished


@pytest.mark.parametrize("period", [each for each in PERIODS if float(each) > 0.1])
def test_a_good_socket_passes_with_a_slower_meter(period: str, odd_updates: dict[str, Finished]) -> None:
    finished = odd_updates[period]
    assert finished.code == ExitCode.PASS, finished.said


def test_a_faster_meter_leaves_open_what_it_is_not_read_often_enough_for(odd_updates: dict[str, Finished]) -> None:
    finished = odd_updates["0.05"]
    assert finished.code == ExitCode.INCONCLUSIVE, finished.said
    verdicts = [next(each.of(Kind.VERDICT)).data for each in finished.record.scenarios]
    *energies, live = sorted(verdicts, key=lambda each: str(each["name"]))
    assert [each["verdict"] for each in energies] == [Verdict.PASS] * 3
    assert live["verdict"] == Verdict.INCONCLUSIVE
    assert live["low"] == 0, "the contact closed behind the receipt"
