"""Time of a bench that follows the wall clock, and what becomes of time in which its process did not run."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.tests.vbench.bench_kit import running
from hil.vbench.control.wall_time import STOOD_STILL, WallFollower


class Loop:
    """A loop whose time is set; its one timer rings when told."""

    def __init__(self) -> None:
        self.now = 100.0
        self.ring: Callable[[], None] = lambda: None

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, callback: Any) -> Any:
        self.ring = callback
        return SimpleNamespace(cancel=lambda: None)


class Bench:
    """Counts the time that it was let pass."""

    model = SimpleNamespace(on_the_wall=True)
    passed = 0.0

    def now(self) -> float:
        return self.passed

    def follow(self, until: float) -> None:
        self.passed = until


@given(st.lists(st.floats(0.0, 5.0)))
def test_each_time_without_a_look_is_told_and_a_second_of_it_at_most_is_made_up_for(gaps: list[float]) -> None:
    loop, bench = Loop(), Bench()
    follower = WallFollower(cast("Any", bench), cast("Any", loop))
    follower.start()
    for gap in gaps:
        loop.now += gap
        loop.ring()
    loop.now += 0.125

    found = follower.stood_still()

    assert [seconds for seconds, _ in found] == pytest.approx([gap for gap in gaps if gap > STOOD_STILL])
    assert bench.passed == pytest.approx(sum(min(gap, 1.0) for gap in gaps) + 0.125)
    assert all(ago >= 0.125 for _, ago in found)
    follower.restart()
    assert follower.stood_still() == []


def test_a_bench_on_the_wall_clock_says_when_it_stood_still() -> None:
    with running() as harness:
        control = harness.client("control")
        assert control.ask(op="reset", seed="s", clock="wall") == {"now": 0.0}
        reply = control.ask(op="standstills")

    assert reply["now"] >= 0.0
    assert reply["stood_still"] == []
