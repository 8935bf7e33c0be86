"""Sampling in lockstep with questions that are under way: each reading at its instant, whatever time does meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.clock import Clock
from hil.errors import RigFault
from hil.evidence.event_intervals import DEAD_V
from hil.ports import Identity, PipelinedMeter, Reading
from hil.rig.sampling.pipelined import AHEAD, PipelinedSampler
from hil.rig.virtual.lockstep_clock import LockstepClock
from hil.tests.rig.sampling.kit import ExactMeter, Scene, reading, scenes
from hil.units import Second


class FarMeter(ExactMeter):
    """A meter on a bench in memory, which stops where a device sends; its power is the instant of the reading."""

    resource = "TCPIP::127.0.0.1::5025::SOCKET"
    update_period = Second(0.1)
    settling = Second(0.0)
    identity = Identity("maker", "model", "1", "1")

    def __init__(self, stops: list[float]) -> None:
        self.now = 0.0
        self.stops = sorted(stops)
        self.turns = 0
        self.under_way: list[float] = []
        self.sent = 0
        """Questions that were sent and are neither under way nor answered."""
        self.replies: list[Reading] = []
        self.given_up = self.withdrawn = 0
        self.edges_at: float | None = None
        self.broken = False

    # --- the bench

    def advance(
        self, until: float, received: Mapping[str, int], on_idle: Callable[[], None]
    ) -> tuple[float, Mapping[str, int]]:
        now, sent, _ = self.advance_asking(until, received, [], on_idle)
        return now, sent

    def advance_asking(
        self, until: float, received: Mapping[str, int], asked: list[float], on_idle: Callable[[], None]
    ) -> tuple[float, Mapping[str, int], int]:
        self.turns += 1
        on_idle()
        assert self.sent == len(asked), "what was announced was sent, and nothing else"
        self.sent = 0
        self.under_way += asked
        assert all(self.now <= each <= until for each in asked)
        stop = next((each for each in self.stops if each > self.now), None)
        reached = until if stop is None else min(until, stop)
        due = [each for each in self.under_way if each <= reached and (reached != stop or each < stop)]
        del self.under_way[: len(due)]
        self.replies += [reading(power=each) for each in due]
        self.now = reached
        return reached, {}, len(due)

    def stop_at_edges(self, voltage: float) -> None:
        self.edges_at = voltage

    def withdraw(self) -> None:
        self.withdrawn += len(self.under_way)
        self.under_way.clear()

    # --- the meter

    def prepare(self) -> None:
        pass

    def errors(self) -> list[str]:
        return []

    def close(self) -> None:
        pass

    def read(self) -> Reading:
        return reading(power=self.now)

    def ask(self, times: int) -> None:
        self.sent += times

    def answers(self, times: int) -> Iterator[Reading]:
        assert times, "nobody awaits no reply at all"
        if self.broken:
            raise RigFault("silent", place="meter")
        taken, self.replies = self.replies[:times], self.replies[times:]
        return iter(taken)

    def give_up(self) -> None:
        self.given_up += 1


@pytest.fixture
def scene_of(tmp_path: Path) -> Iterator[Callable[[Clock], Scene]]:
    with scenes(tmp_path) as make:
        yield make


class Bench:
    def __init__(self, scene_of: Callable[[Clock], Scene], stops: list[float] | None = None) -> None:
        self.meter = FarMeter(stops or [])
        self.clock = LockstepClock(self.meter)
        self.scene = scene_of(self.clock)
        self.sampler = PipelinedSampler(self.meter, self.clock, self.meter, self.scene.readings)  # type: ignore[arg-type]

    def instants(self) -> list[float]:
        """Return when the evidence says that it was read; each reading tells when it was."""
        events = self.scene.events()
        assert [event.data["power_W"] for event in events] == pytest.approx([event.t for event in events])
        return [event.t for event in events]


def grid(until: float) -> list[float]:
    return [number / 10 for number in range(round(until * 10) + 1)]


def test_the_meter_of_the_kit_can_be_asked_ahead() -> None:
    assert isinstance(FarMeter([]), PipelinedMeter)


def test_a_quiet_bench_is_sampled_ten_times_a_second_with_one_turn_a_second(
    scene_of: Callable[[Clock], Scene],
) -> None:
    bench = Bench(scene_of)
    bench.sampler.start()
    bench.clock.sleep(5.0)
    assert bench.instants() == pytest.approx(grid(5.0))
    assert bench.meter.turns <= 5.0 * 10 / AHEAD + 1


@given(st.lists(st.floats(0.01, 4.99), max_size=12))
def test_each_reading_is_taken_once_at_its_instant_wherever_time_stops(
    tmp_path_factory: pytest.TempPathFactory, stops: list[float]
) -> None:
    with scenes(tmp_path_factory.mktemp("ahead")) as make:
        bench = Bench(make, stops)
        bench.sampler.start()
        bench.clock.sleep(5.0)
        assert bench.instants() == pytest.approx(grid(5.0))


def test_timers_stop_time_and_what_is_under_way_comes_after_them(scene_of: Callable[[Clock], Scene]) -> None:
    bench = Bench(scene_of, [0.32])
    told: list[int] = []
    bench.clock.call_at(0.35, lambda: told.append(len(bench.scene.events())))
    bench.sampler.start()
    bench.clock.sleep(1.0)
    assert told == [4]  # 0, 0.1, 0.2 and 0.3 s
    assert bench.instants() == pytest.approx(grid(1.0))


def test_looked_at_closely_each_reading_is_handed_over_at_its_instant(scene_of: Callable[[Clock], Scene]) -> None:
    bench = Bench(scene_of)
    seen: list[tuple[float, float]] = []
    bench.scene.readings._listener = lambda reading, read_at: seen.append((bench.clock.now(), read_at))
    bench.sampler.start()
    bench.sampler.closely = True
    bench.clock.sleep(1.0)
    assert [now for now, _ in seen] == pytest.approx([read_at for _, read_at in seen])
    bench.sampler.closely = False
    bench.clock.sleep(1.05)
    assert bench.instants() == pytest.approx(grid(2.0))


def test_who_follows_the_voltage_has_the_bench_stop_where_it_counts_as_come_or_gone(
    scene_of: Callable[[Clock], Scene],
) -> None:
    bench = Bench(scene_of)
    bench.sampler.follow_voltage()
    assert bench.meter.edges_at == DEAD_V


def test_what_is_under_way_is_met_closely_too_when_something_happens(scene_of: Callable[[Clock], Scene]) -> None:
    bench = Bench(scene_of, [0.05])
    bench.sampler.start()
    bench.clock.wait_for(lambda: bench.clock.now() >= 0.05, timeout=2.0, what="the stop")
    assert len(bench.meter.under_way) == AHEAD
    bench.sampler.closely = True
    bench.clock.wait_for(lambda: len(bench.scene.events()) == 2, timeout=1.0, what="a reading")
    assert bench.clock.now() == pytest.approx(0.1)


def test_a_longer_period_is_kept(scene_of: Callable[[Clock], Scene]) -> None:
    bench = Bench(scene_of)
    bench.sampler.period = 10.0
    bench.sampler.start()
    bench.clock.sleep(60.0)
    assert bench.instants() == pytest.approx([10.0 * number for number in range(7)])


def test_a_refresh_reads_only_what_is_older_than_a_period(scene_of: Callable[[Clock], Scene]) -> None:
    bench = Bench(scene_of)
    bench.sampler.start()
    bench.clock.sleep(1.0)
    heard = len(bench.scene.heard)
    bench.sampler.refresh()
    assert len(bench.scene.heard) == heard
    bench.sampler.period = 10.0
    bench.clock.sleep(1.0)
    bench.sampler.refresh()
    assert bench.scene.heard[-1].power == 2.0


def test_after_the_end_nothing_is_under_way(scene_of: Callable[[Clock], Scene]) -> None:
    bench = Bench(scene_of, [0.05])
    bench.sampler.start()
    bench.clock.wait_for(lambda: bench.clock.now() >= 0.05, timeout=2.0, what="the stop")
    bench.sampler.stop()
    bench.sampler.stop()
    assert bench.meter.withdrawn == AHEAD
    assert bench.meter.given_up == 0
    bench.clock.sleep(1.0)
    assert len(bench.scene.events()) == 1


def test_a_meter_that_fails_is_asked_no_more_and_its_late_answers_are_given_up(
    scene_of: Callable[[Clock], Scene],
) -> None:
    bench = Bench(scene_of)
    bench.sampler.start()
    bench.meter.broken = True
    with pytest.raises(RigFault, match="silent"):
        bench.clock.sleep(1.0)
    bench.sampler.stop()
    assert bench.meter.given_up == 1


def test_answers_that_an_error_left_behind_are_given_up(
    scene_of: Callable[[Clock], Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(scene_of)
    bench.sampler.start()
    bench.clock.sleep(0.5)

    def failing() -> None:
        raise RigFault("evidence cannot be written")

    monkeypatch.setattr(bench.clock, "on_idle", failing)
    with pytest.raises(RigFault, match="evidence"):
        bench.clock.sleep(1.0)
    monkeypatch.undo()
    bench.clock.sleep(1.0)
    bench.sampler.stop()
    assert bench.meter.given_up == 1
    assert bench.clock.now() == bench.meter.now == 2.5


def test_a_reading_beyond_a_limit_is_a_rig_fault_and_the_last_in_the_evidence(
    scene_of: Callable[[Clock], Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(scene_of)
    bench.sampler.start()
    monkeypatch.setattr(
        bench.meter,
        "answers",
        lambda times: iter([reading(power=2500.0 if each == 3 else 1.0) for each in range(times)]),
    )
    with pytest.raises(RigFault, match="power of 2500 W exceeds the rig's limit"):
        bench.clock.sleep(1.0)
    assert [event.t for event in bench.scene.events()] == pytest.approx(grid(0.4))
