"""The safe state as a run reaches it: what cannot be had on the way is told by its name, and welds only if proven."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hil.errors import FrameworkError, HilError, RigFault
from hil.ports import Reading
from hil.rig.config.rig_file import RigFile
from hil.rig.labgrid.relays import MirrorContact
from hil.rig.safety.contacts import CONTACT_S
from hil.rig.safety.run_safe_state import Parts, SafeState, make_safe
from hil.rig.virtual.lockstep_clock import LockstepClock
from hil.tests.acceptance.commands import ROOT
from hil.units import Ampere, Second, Volt, Watt, WattHour

RELEASE_S = 0.04
"""What the contacts here take to open."""


class Time:
    """Keeps time for a lockstep clock."""

    def advance(self, until: float, received: object, on_idle: Callable[[], None]) -> tuple[float, dict[str, int]]:
        on_idle()
        return until, {}


class SamplingThatRaises:
    def __init__(self, error: Exception | None) -> None:
        self._error = error

    def stop(self) -> None:
        if self._error is not None:
            raise self._error

    def ended(self, timeout: float) -> bool:
        return True


@dataclass
class Bench:
    """Contacts that follow their coils after a while, and a meter that averages over its last period."""

    folder: Path
    welded: set[str] = field(default_factory=set)
    meter_says: Callable[[Bench], Reading] = lambda bench: bench.truth()
    contact_says: Exception | None = None
    unheard: list[Exception] = field(default_factory=list)
    relays: Exception | None = None
    rest: Exception | None = None
    sampling: SamplingThatRaises | None = None
    mirrors: tuple[str, ...] = ("K1", "K2", "K3")
    opened: float | None = None

    def __post_init__(self) -> None:
        self.clock = LockstepClock(cast("Any", Time()))
        self.clock.sleep(10.0)
        self.acted: list[str] = []

    update_period = Second(0.1)
    off_threshold_w = Watt(3.1)

    def truth(self) -> Reading:
        """Return what a meter shows that is as good as its data sheet."""
        since = self.clock.now() - (self.opened if self.opened is not None else self.clock.now())
        live = "K1" in self.welded or since < RELEASE_S + 2 * self.update_period
        power, voltage = (1300.0, 230.0) if live else (0.0, 0.0)
        return Reading(Volt(voltage), Ampere(power / 230), Watt(power), WattHour(3.0), Second(float(self.clock.now())))

    def read(self) -> Reading:
        return self.meter_says(self)

    def make_safe(self) -> None:
        if self.relays is not None:
            raise self.relays
        self.opened = self.clock.now()

    def contact(self, name: str) -> MirrorContact:
        def read_discrete_inputs(number: int) -> list[bool]:
            if self.contact_says is not None:
                raise self.contact_says
            opened = self.opened if self.opened is not None else self.clock.now()
            return [name in self.welded or self.clock.now() - opened < RELEASE_S]

        client = SimpleNamespace(read_discrete_inputs=read_discrete_inputs)
        return MirrorContact(SimpleNamespace(name=name, client=client), 0)

    def trip(self, reason: str) -> dict[str, Any]:
        self.acted.append(reason)
        return {"reached": True, "ms": 3.0}

    def _disarm(self) -> None:
        if self.rest is not None:
            raise self.rest

    def safe(self) -> SafeState:
        return make_safe(
            Parts(
                RigFile.load(ROOT / "rigs/virtual.yaml"),
                self.clock,
                True,
                cast("Any", SimpleNamespace(make_safe=self.make_safe, unheard=self.unheard)),
                cast("Any", self.sampling),
                cast("Any", self),
                {name: self.contact(name) for name in self.mirrors},
                cast("Any", SimpleNamespace(trip=self.trip, disarm=self._disarm)),
                self.folder / "locks",
            )
        )

    @property
    def locked(self) -> str:
        return " ".join(json.loads(path.read_text())["reason"] for path in (self.folder / "locks").glob("*.json"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def raising(error: Exception, until: float | None = None) -> Callable[[Bench], Reading]:
    """Return a meter that raises, up to so many seconds after the relays opened."""

    def read(bench: Bench) -> Reading:
        if until is None or bench.opened is None or bench.clock.now() < bench.opened + until:
            raise error
        return bench.truth()

    return read


METER_TROUBLE = [
    RigFault("no whole reply within 2 s", place="meter"),
    RigFault("the reply is not readable ASCII", place="meter"),
    RigFault("current: overload ('INF')", place="meter"),
    ZeroDivisionError("in its driver"),
    ConnectionResetError("by peer"),
    MemoryError(),
]


def test_a_bench_that_obeys_and_is_dead_is_safe(bench: Bench) -> None:
    safe = bench.safe()

    assert (safe.reached, safe.seconds, safe.problem, safe.aside) == (True, 0.0, "", ())
    assert not bench.acted


@pytest.mark.parametrize("mirrors", [(), ("K1", "K2", "K3")])
@pytest.mark.parametrize("error", METER_TROUBLE, ids=lambda error: type(error).__name__)
def test_trouble_of_the_meter_is_a_finding_about_the_meter_and_no_weld(
    bench: Bench, error: Exception, mirrors: tuple[str, ...]
) -> None:
    bench.meter_says, bench.mirrors = raising(error), mirrors

    safe = bench.safe()

    assert safe.reached
    assert safe.problem == ""
    (found,) = safe.aside
    assert "whether power still flows cannot be told" in str(found)
    assert "weld" not in str(found)
    assert bench.clock.now() >= 10.0 + CONTACT_S
    assert not bench.locked
    assert not bench.acted


def test_a_meter_that_recovers_in_time_from_what_it_saw_before_is_believed(bench: Bench) -> None:
    bench.meter_says = raising(RigFault("current: overload ('INF')", place="meter"), until=0.2)

    assert bench.safe().aside == ()


def test_a_mirror_contact_that_contradicts_is_a_weld_whatever_the_meter_says(bench: Bench) -> None:
    bench.welded.add("K2")
    bench.meter_says = raising(RigFault("no reply", place="meter"))

    safe = bench.safe()

    assert not safe.reached
    assert "relay K2: reads back open and its mirror contact is closed: it is welded shut" in safe.problem
    assert "K1" not in safe.problem
    assert "the watchdog, with connections of its own: reached it in 3 ms" in safe.problem
    assert "K2" in bench.locked


def test_current_that_flows_is_a_weld_without_any_mirror_contact(bench: Bench) -> None:
    bench.welded.add("K1")
    bench.mirrors = ()

    safe = bench.safe()

    assert not safe.reached
    assert "power still flows (1300 W, 230 V) 1 s after all relays read back open" in safe.problem
    assert bench.locked


def test_a_mirror_contact_that_cannot_be_read_is_named_and_proves_nothing(bench: Bench) -> None:
    bench.contact_says = OSError("no route to host")
    bench.mirrors = ("K1",)

    safe = bench.safe()

    assert safe.reached
    assert [str(each) for each in safe.aside] == [
        "relay K1: the mirror contact cannot be read (no route to host). Check the relay board's address and supply."
    ]


@pytest.mark.parametrize(
    "error", [RigFault("lost", place="line socket-link"), ZeroDivisionError("in a timer")], ids=["rig", "ours"]
)
@pytest.mark.parametrize("meter", [True, False])
def test_what_the_clocks_loop_raises_meanwhile_is_a_finding_and_keeps_no_contact_from_its_time(
    bench: Bench, error: Exception, meter: bool
) -> None:
    def fail() -> None:
        raise error

    for after in (0.01, 0.02, 0.04):
        bench.clock.call_at(bench.clock.now() + after, fail)
    if not meter:
        bench.meter_says = raising(RigFault("no reply", place="meter"))

    safe = bench.safe()

    assert safe.reached
    assert ("lost" in str(safe.aside[0])) or ("ZeroDivisionError" in str(safe.aside[0]))
    assert "weld" not in str(safe.aside)
    assert isinstance(safe.aside[0], RigFault if isinstance(error, RigFault) else FrameworkError)


def test_time_that_stands_still_proves_no_weld(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def stand_still(*_: object) -> None:
        raise RigFault("it closed the control port", place="virtual bench")

    monkeypatch.setattr(bench.clock, "_pass_time", stand_still)

    safe = bench.safe()

    assert safe.reached
    assert "control port" in str(safe.aside[0])
    assert not any("weld" in str(each) for each in safe.aside)


def test_evidence_that_cannot_be_written_does_not_make_the_bench_unsafe(bench: Bench) -> None:
    bench.unheard = [RigFault("evidence cannot be written: No space left on device")]

    safe = bench.safe()

    assert safe.reached
    assert "No space left" in str(safe.aside)


def test_a_watchdog_that_is_gone_does_not_make_the_bench_unsafe(bench: Bench) -> None:
    bench.rest = RigFault("the watchdog has ended with code -9", place="safety")

    safe = bench.safe()

    assert safe.reached
    assert "the watchdog has ended" in str(safe.aside)


@pytest.mark.parametrize("error", [RigFault("hangs", place="meter"), ZeroDivisionError("x")])
def test_sampling_that_cannot_be_stopped_does_not_keep_the_relays_closed(bench: Bench, error: Exception) -> None:
    bench.sampling = SamplingThatRaises(error)

    safe = bench.safe()

    assert safe.reached
    assert len(safe.aside) == 1


def test_relays_that_do_not_obey_are_no_safe_state_and_the_meter_is_not_asked(bench: Bench) -> None:
    bench.relays = RigFault("relay K1: told to open and reads back closed", place="safe state")
    bench.meter_says = raising(AssertionError("asked"))

    safe = bench.safe()

    assert not safe.reached
    assert safe.aside == ()
    assert bench.acted == ["the run could not make the bench safe"]


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ("relay K1: does not answer; load: refuses", "neither: load: refuses"),
        ("relay K1: does not answer", "neither, for the same reasons"),
    ],
)
def test_what_the_watchdog_met_as_well_is_not_said_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, second: str, told: str
) -> None:
    bench.relays = RigFault("relay K1: does not answer", place="safe state", remedy="Switch the mains off by hand.")
    monkeypatch.setattr(bench, "trip", lambda reason: {"reached": False, "ms": 9.0, "problem": second})

    first = "safe state: relay K1: does not answer. Switch the mains off by hand"
    assert bench.safe().problem == f"{first}; the watchdog, with connections of its own: {told}"


def test_without_an_answer_of_the_watchdog_the_rig_is_locked(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(reason: str) -> dict[str, Any]:
        raise RigFault("no 'acted' from the watchdog", place="safety")

    bench.relays = RigFault("relay K1: reads back closed")
    monkeypatch.setattr(bench, "trip", silent)

    safe = bench.safe()

    assert not safe.reached
    assert "no 'acted' from the watchdog" in bench.locked


def test_every_finding_beside_the_safe_state_is_an_error_that_blames_somebody(bench: Bench) -> None:
    bench.rest = ValueError("x")

    assert all(isinstance(each, HilError) for each in bench.safe().aside)
