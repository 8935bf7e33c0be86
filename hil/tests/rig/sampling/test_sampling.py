"""Readings on the bench's clock: recorded, and held against the limits of the rig; in virtual time and in real time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hil.clock import Clock, WallClock
from hil.errors import RigFault
from hil.ports import Reading
from hil.rig.realtime.clock import RigClock
from hil.rig.sampling import threaded as sampling_thread
from hil.rig.sampling.mailbox import Mailbox
from hil.rig.sampling.threaded import ThreadedSampler
from hil.rig.sampling.timer import Sampler
from hil.tests.rig.sampling.kit import PATIENCE_S, HeldMeter, Scene, reading, scenes
from hil.units import Second


class StandingClock(Clock):
    """Time that jumps to where somebody waits for."""

    name = "virtual"
    bound = Second(0.0)

    def __init__(self) -> None:
        super().__init__()
        self._now = Second(0.0)

    def now(self) -> Second:
        return self._now

    def _pass_time(self, until: float) -> None:
        self._now = Second(until)


class Line:
    """A link on a pipe; tells whether its bytes were taken."""

    def __init__(self) -> None:
        self.end, self.other = os.pipe()
        self.taken = b""

    def fileno(self) -> int:
        return self.end

    def on_readable(self) -> None:
        self.taken += os.read(self.end, 100)

    def close(self) -> None:
        os.close(self.end)
        os.close(self.other)


@pytest.fixture
def scene_of(tmp_path: Path) -> Iterator[Callable[[Clock], Scene]]:
    with scenes(tmp_path) as make:
        yield make


@pytest.fixture
def meter() -> HeldMeter:
    return HeldMeter()


@pytest.fixture
def clock() -> RigClock:
    return RigClock()


@pytest.fixture
def scene(clock: RigClock, scene_of: Callable[[Clock], Scene]) -> Scene:
    return scene_of(clock)


@pytest.fixture
def sampler(meter: HeldMeter, clock: RigClock, scene: Scene) -> Iterator[ThreadedSampler]:
    sampler = ThreadedSampler(meter, clock, scene.readings)
    yield sampler
    sampler.stop()
    meter.answers.put(reading())
    assert sampler.ended(PATIENCE_S)


def test_in_virtual_time_the_meter_is_read_ten_times_a_second(
    meter: HeldMeter, scene_of: Callable[[Clock], Scene]
) -> None:
    clock = StandingClock()
    scene = scene_of(clock)
    for _ in range(6):
        meter.answers.put(reading())
    sampler = Sampler(meter, clock, scene.readings)
    sampler.start()
    clock.sleep(0.45)
    sampler.stop()
    clock.sleep(1.0)

    assert [round(event.t, 9) for event in scene.events()] == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert len(scene.heard) == 5


def test_a_counterpart_that_bills_by_the_meter_gets_its_present_value_between_two_samples(
    meter: HeldMeter, scene_of: Callable[[Clock], Scene]
) -> None:
    clock = StandingClock()
    scene = scene_of(clock)
    for energy in (1.0, 2.0):
        meter.answers.put(reading(energy=energy))
    sampler = Sampler(meter, clock, scene.readings)
    sampler.period = 60.0
    sampler.start()
    sampler.refresh()  # the meter has nothing newer
    clock.sleep(1.0)
    sampler.refresh()
    sampler.stop()

    assert [heard.energy for heard in scene.heard] == [1.0, 2.0]
    assert len(scene.events()) == 1


def test_in_real_time_less_goes_into_the_evidence_and_all_of_it_to_the_limits(
    meter: HeldMeter, clock: RigClock, scene: Scene, sampler: ThreadedSampler
) -> None:
    sampler.period = 60.0
    for _ in range(3):
        meter.answers.put(reading())
    meter.answers.put(reading(power=2500))
    sampler.start()

    with pytest.raises(RigFault, match="power of 2500 W exceeds"):
        clock.sleep(PATIENCE_S)
    assert len(scene.heard) == 3
    assert len(scene.events()) == 1


@pytest.mark.parametrize(
    ("beyond", "words"),
    [
        (reading(power=2001), "power of 2001 W exceeds the rig's limit of 2000 W"),
        (reading(current=9.5), "current of 9.5 A exceeds the rig's limit of 9 A"),
        (reading(energy=10.25), "energy of 10.25 Wh exceeds the rig's limit of 10 Wh"),
    ],
)
def test_a_reading_beyond_a_limit_of_the_rig_is_recorded_and_a_rig_fault(
    beyond: Reading, words: str, scene_of: Callable[[Clock], Scene]
) -> None:
    scene = scene_of(StandingClock())

    with pytest.raises(RigFault, match=words):
        scene.readings.take(beyond, 0.2)
    assert len(scene.events()) == 1


def test_a_session_beyond_its_limit_is_a_rig_fault(scene_of: Callable[[Clock], Scene]) -> None:
    clock = StandingClock()
    scene = scene_of(clock)
    clock.sleep(3601)

    with pytest.raises(RigFault, match="session time of 3601 s exceeds the rig's limit of 3600 s"):
        scene.readings.take(reading(), 0.2)


def test_a_query_that_takes_its_time_does_not_delay_a_byte_of_the_link(
    meter: HeldMeter, clock: RigClock, scene: Scene, sampler: ThreadedSampler
) -> None:
    meter.answers.put(reading())
    line = Line()
    clock.attach(line)
    sampler.start()
    for _ in range(2):  # the second query is under way, and stays so
        assert meter.asked.get(timeout=PATIENCE_S)
    os.write(line.other, b"frame")
    clock.wait_for(lambda: line.taken, timeout=PATIENCE_S, what="the byte")

    assert line.taken == b"frame"
    assert len(scene.events()) == 1
    line.close()


def test_a_reading_is_stamped_between_its_question_and_its_answer(
    meter: HeldMeter, clock: RigClock, scene: Scene, sampler: ThreadedSampler
) -> None:
    known: list[float] = []

    def answer_later() -> None:
        if meter.asked.empty():
            clock.call_at(clock.now() + 0.001, answer_later)
        else:
            known.append(clock.now())
            clock.call_at(known[0] + 0.02, lambda: meter.answers.put(reading()))

    answer_later()
    sampler.start()
    (event,) = scene.events()

    assert known[0] + 0.02 <= event.t <= clock.now()
    assert event.after == WallClock.bound
    # two update periods of the meter before its question
    assert event.t - event.before <= known[0] - 0.2


def test_what_the_meter_does_not_answer_is_raised_where_the_rig_waits(
    meter: HeldMeter, clock: RigClock, sampler: ThreadedSampler
) -> None:
    meter.answers.put(reading())
    meter.answers.put(RigFault("no whole reply within 2 s", place="meter"))
    sampler.start()

    with pytest.raises(RigFault, match="meter: no whole reply within 2 s"):
        clock.sleep(PATIENCE_S)


def test_a_limit_that_is_exceeded_is_raised_where_the_rig_waits(
    meter: HeldMeter, clock: RigClock, sampler: ThreadedSampler
) -> None:
    meter.answers.put(reading())
    meter.answers.put(reading(power=2500))
    sampler.start()

    with pytest.raises(RigFault, match="power of 2500 W exceeds"):
        clock.sleep(PATIENCE_S)


def test_a_driver_that_never_returns_leaves_the_bench_unwatched_which_is_a_rig_fault(
    meter: HeldMeter, clock: RigClock, sampler: ThreadedSampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter.answers.put(reading())
    sampler.start()
    monkeypatch.setattr(sampling_thread, "SILENCE_S", 0.15)

    with pytest.raises(RigFault, match=r"no reading for \d\.\d s: nothing holds the bench against its limits"):
        clock.sleep(PATIENCE_S)


def test_sampling_stops_at_once_while_the_meter_hangs_and_tells_when_it_has_ended(
    meter: HeldMeter, clock: RigClock, scene: Scene, sampler: ThreadedSampler
) -> None:
    meter.answers.put(reading())
    sampler.start()
    for _ in range(2):
        assert meter.asked.get(timeout=PATIENCE_S)
    sampler.stop()

    assert not sampler.ended(0.0)
    meter.answers.put(RigFault("lost", place="meter"))
    assert sampler.ended(PATIENCE_S)
    clock.sleep(0.01)  # what came after the stop is nobody's
    assert len(scene.events()) == len(scene.heard) == 1
    assert meter.asked.empty()


def test_sampling_that_was_never_started_has_ended(meter: HeldMeter, clock: RigClock, scene: Scene) -> None:
    sampler = ThreadedSampler(meter, clock, scene.readings)
    sampler.stop()

    assert sampler.ended(0.0)
    assert sampler.ended(0.0)


def test_a_mailbox_hands_over_everything_in_order_and_wakes_the_loop_once(clock: RigClock) -> None:
    heard: list[int] = []
    mailbox: Mailbox[int] = Mailbox(heard.append)
    clock.attach(mailbox)
    for number in range(70_000):  # more than a pipe holds
        mailbox.put(number)
    clock.wait_for(lambda: heard, timeout=PATIENCE_S, what="the first item")
    clock.detach(mailbox)
    clock.detach(mailbox)
    mailbox.close()

    assert heard == list(range(70_000))
