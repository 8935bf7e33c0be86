"""The growth of a device's program, on made looks at it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hil.errors import AuthorError
from hil.evidence.documents import Kind, Verdict
from hil.evidence.observations import EvidenceMissing
from hil.scenario.measurements.program import grew, growth
from hil.tests.scenario.timelines import Scene


def looked(memory: Sequence[float], pids: Sequence[int] = (), device: str = "socket") -> Scene:
    scene = Scene(metered=False)
    for index, mib in enumerate(memory):
        data = {"memory_MiB": mib, "descriptors_count": 3, "threads_count": 1}
        scene.recorder.observe(Kind.READING, f"{device} program", data, host={"pid": pids[index] if pids else 1})
    return scene


def test_a_leak_is_the_difference_of_the_least_of_the_last_and_the_first_third() -> None:
    found = growth(looked([1.0 + 0.5 * minute for minute in range(12)]).observer, "socket", "memory")
    assert (found.low, found.high) == (4.0, 4.0)


def test_what_a_program_takes_for_a_while_and_gives_back_is_no_growth() -> None:
    saw = [5.0, 9.0, 7.0, 9.0, 5.0, 9.0, 7.0, 9.0, 5.0, 9.0]
    assert growth(looked(saw).observer, "socket", "memory").high == 0.0
    assert growth(looked(saw).observer, "socket", "descriptors").high == 0.0


@pytest.mark.parametrize(("most", "verdict"), [(2.0, Verdict.PASS), (1.9, Verdict.FAIL)])
def test_the_limit_decides(most: float, verdict: Verdict) -> None:
    scene = looked([1.0] * 5 + [3.0] * 5)
    assert grew("socket", "memory", most).take(scene.observer).verdict is verdict


def test_too_few_looks_tell_nothing() -> None:
    with pytest.raises(
        EvidenceMissing, match=r"^the program of the socket was looked at 8 times; growth shows in 480 s$"
    ):
        growth(looked([1.0] * 8).observer, "socket", "memory")


def test_a_program_that_was_started_anew_cannot_be_compared_with_itself() -> None:
    with pytest.raises(EvidenceMissing, match="was started anew while it was watched"):
        growth(looked([1.0] * 10, [1] * 5 + [2] * 5).observer, "socket", "memory")


def test_a_program_that_nobody_watched_is_the_authors_mistake() -> None:
    with pytest.raises(AuthorError, match="the program of the socket was not watched"):
        growth(looked([1.0] * 10, device="cable").observer, "socket", "memory")
