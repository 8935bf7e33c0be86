"""The end of a scenario: safe state, verdict and STOP in that order, whatever is raised on the way."""

from __future__ import annotations

import contextlib
import errno
import itertools
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import AuthorError, HilError, PeerViolation, RigFault
from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.record import read_scenario
from hil.evidence.run_folder.scenario_writer import ScenarioWriter
from hil.evidence.verdicts import verdict_of, worst
from hil.judge.codes import CloseReason, ErrorCode
from hil.judge.invariants.rules import CREDIT, Breach
from hil.judge.messages import Close, Error
from hil.rig.recorder import Recorder
from hil.rig.safety.run_safe_state import SafeState
from hil.rig.safety.standstill import THE_BENCH, THE_MACHINE, THE_RUN, Standstill
from hil.scenario import ending as module
from hil.scenario.ending import Ending, OpenScenario, end_scenario
from hil.scenario.measurements import invariants

PHASES = (
    "counterpart",
    "sampling",
    "as_told",
    "make_safe",
    "finish",
    "invariants",
    "lost_ledger",
    "at_rest",
    "wire",
    "closing",
)
"""What is done at the end of a scenario, in this order; STOP comes after them."""


class Wordless(Exception):
    """Cannot be told."""

    def __str__(self) -> str:
        raise ZeroDivisionError


ERRORS = (
    RigFault("the bench"),
    PeerViolation("the device"),
    AuthorError("the author"),
    ZeroDivisionError("ours"),
    ValueError("half a pair \ud83d"),
    RecursionError("ours"),
    OSError(errno.ENOSPC, "No space left on device"),
    MemoryError(),
    KeyboardInterrupt(),
    SystemExit(0),
    GeneratorExit(),
    pytest.skip.Exception("left out"),
    pytest.fail.Exception("failed"),
    Wordless(),
)


class Bench:
    """Stands where rig and observer do in the sequence, and notes what it is asked for; one phase raises."""

    def __init__(self, folder: Path, raising: str = "", error: BaseException | None = None) -> None:
        self.done: list[str] = []
        self.safe = SafeState(True, 0.25, 0.001)
        self._raising, self._error = raising, error
        self.clock = SimpleNamespace(now=lambda: 5.0, bound=0.0, name="virtual", largest_bound=0.0)
        self.writer = ScenarioWriter(folder / "0001-x.jsonl.gz")
        self.writer.write(Event(Kind.START, 0.0, "bench", {"name": "x"}))
        closing = contextlib.ExitStack()
        closing.callback(self.phase("closing"))
        self.plan = SimpleNamespace(setup="socket under test")
        self.recorder = self.memory = None
        self.ends: dict[type, list[tuple[Any, Any]]] = {}
        powered_on = Event(Kind.RELAY, 1.0, "K3", {})
        self.observer = SimpleNamespace(messages=lambda kind: self.ends.get(kind, []), powered_on=powered_on)
        self.bench = None
        self.broken: list[Breach] = []
        self.findings = SimpleNamespace(add=lambda finding: self.found.append(finding.detail))
        self.found: list[str] = []
        self.rig = self
        self.watchdog = SimpleNamespace(lost=None)
        self.scenario = OpenScenario(
            cast("Any", self), Recorder(self.writer, cast("Any", self.clock)), self.writer, closing
        )

    def phase(self, name: str) -> Callable[..., None]:
        def deed(*_: object) -> None:
            self.done.append(name)
            if name == self._raising and self._error is not None:
                raise self._error

        return deed

    def endings(self) -> list[Callable[[], None]]:
        return [self.phase("counterpart"), self.phase("sampling")]

    def make_safe(self) -> SafeState:
        self.phase("make_safe")()
        return self.safe

    def finish(self) -> list[Any]:
        self.phase("finish")()
        return []

    def hold(self, *_: object) -> invariants.Held:
        self.phase("invariants")()
        return invariants.Held(3, self.broken)

    def lost_ledger(self) -> str:
        self.phase("lost_ledger")()
        return ""

    def end(self, verdict: Verdict = Verdict.FAIL, reason: str = "too slow") -> Ending:
        ending = Ending(verdict, reason)
        end_scenario(self.scenario, ending)
        self.writer.close()
        return ending

    def stop(self) -> Event:
        record = read_scenario(self.writer.path)
        assert record.damage is None
        return next(record.of(Kind.STOP))


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Bench]:
    numbers = itertools.count()

    def build(raising: str = "", error: BaseException | None = None) -> Bench:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        bench = Bench(folder, raising, error)
        inspected = {"as_told": "as_told", "at_rest": "at_rest", "wire_in_doubt": "wire"}
        monkeypatch.setattr(
            module, "inspection", SimpleNamespace(**{name: bench.phase(as_) for name, as_ in inspected.items()})
        )
        monkeypatch.setattr(module, "invariants", SimpleNamespace(hold=bench.hold, finding_of=invariants.finding_of))
        return bench

    return build


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_whatever_a_phase_raises_the_bench_is_made_safe_and_the_verdict_is_on_record(
    make: Callable[..., Bench], phase: str, error: BaseException
) -> None:
    bench = make(phase, error)

    ending = bench.end()

    assert "make_safe" in bench.done
    assert bench.done[-1] == "closing"
    assert bench.stop().data["verdict"] == ending.verdict
    asks_to_end = isinstance(error, KeyboardInterrupt)
    assert (ending.interrupt is error) is asks_to_end
    if not asks_to_end and phase != "make_safe":
        assert ending.verdict is worst([Verdict.FAIL, verdict_of(error)])


def test_without_an_error_every_phase_is_gone_through_in_its_order(make: Callable[..., Bench]) -> None:
    bench = make()

    ending = bench.end()

    assert tuple(bench.done) == PHASES
    assert (ending.verdict, ending.reason) == (Verdict.FAIL, "too slow")
    assert bench.stop().data["safe_state"] == {"reached": True, "seconds": 0.25}


def test_a_bench_of_which_nobody_knows_that_it_is_safe_counts_as_unsafe(make: Callable[..., Bench]) -> None:
    bench = make("make_safe", ZeroDivisionError("ours"))

    ending = bench.end(Verdict.PASS, "")

    assert ending.verdict is Verdict.RIG_FAULT
    assert bench.stop().data["safe_state"] == {"reached": False, "seconds": 0.0}
    assert "ZeroDivisionError" in str(bench.stop().data["reason"])


def test_what_failed_beside_a_safe_state_is_a_finding_and_the_bench_is_safe(make: Callable[..., Bench]) -> None:
    bench = make()
    silent = RigFault("no reply", place="meter", remedy="Check its power.")
    aside: tuple[HilError, ...] = (silent, RigFault("gone", place="watchdog"))
    bench.safe = SafeState(True, 0.0, 0.0, aside=aside)

    ending = bench.end(Verdict.PASS, "")

    assert ending.verdict is Verdict.RIG_FAULT
    assert ending.reason == "meter: no reply. Check its power; then: watchdog: gone"
    assert bench.stop().data["safe_state"] == {
        "reached": True,
        "seconds": 0.0,
        "remarks": ["meter: no reply. Check its power.", "watchdog: gone"],
    }


def test_a_bench_that_is_not_safe_comes_before_everything_else_in_the_reason(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.safe = SafeState(False, 0.0, 0.0, "K1 reads back closed.")

    ending = bench.end()

    assert ending.reason == "K1 reads back closed. Before that: too slow"
    assert ending.verdict is Verdict.RIG_FAULT
    assert "at_rest" not in bench.done


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL])
def test_a_broken_invariant_is_a_failure_with_rule_and_party(make: Callable[..., Bench], verdict: Verdict) -> None:
    bench = make()
    bench.broken = [Breach(CREDIT, "socket", "it credits 8001 mWh")]

    ending = bench.end(verdict, "")

    assert ending.verdict is Verdict.FAIL
    assert "invariant credit (SPEC, Transactions) is broken by the socket: it credits 8001 mWh" in ending.reason
    assert len(bench.found) == 1
    assert bench.stop().data["invariants"] == {"judged": 3, "broken": ["credit"]}


def test_what_a_faulty_bench_recorded_is_held_against_nobody(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.broken = [Breach(CREDIT, "socket", "it credits 8001 mWh")]

    assert bench.end(Verdict.RIG_FAULT, "meter: no reply").reason == "meter: no reply"
    assert "invariants" not in bench.stop().data


def test_an_interrupted_scenario_is_made_safe_and_not_inspected(make: Callable[..., Bench]) -> None:
    bench = make()

    assert bench.end(Verdict.NOT_RUN, "interrupted").verdict is Verdict.NOT_RUN
    assert bench.done == ["counterpart", "sampling", "make_safe", "closing"]


@given(st.lists(st.tuples(st.sampled_from(list(Verdict)), st.text(min_size=1))), st.sampled_from(list(Verdict)))
def test_no_finding_is_lost_and_the_worst_verdict_stands(found: list[tuple[Verdict, str]], first: Verdict) -> None:
    ending = Ending(first, "")
    for verdict, reason in found:
        ending.add(verdict, reason)

    assert ending.verdict is worst([first, *(verdict for verdict, _ in found)])
    assert all(reason in ending.reason for _, reason in found)


@pytest.mark.parametrize(
    ("ends", "told"),
    [
        ((Error, Error(b"session!", 3, ErrorCode.COIN_UNKNOWN, "COIN_UNKNOWN: it is spent")), "ERROR COIN_UNKNOWN (it"),
        ((Close, Close(b"session!", 3, CloseReason.PEER_SILENT, 0, "")), "CLOSE PEER_SILENT at 7.000 s"),
    ],
)
def test_a_failure_tells_what_was_refused_last_or_why_the_session_was_closed(
    make: Callable[..., Bench], ends: tuple[type, Any], told: str
) -> None:
    bench = make()
    bench.ends[ends[0]] = [(SimpleNamespace(direction="to cable", t=7.0), ends[1])]
    assert f"too slow; then: the socket said {told}" in bench.end().reason


def test_a_pass_quotes_nothing(make: Callable[..., Bench]) -> None:
    bench = make()
    close = Close(b"session!", 3, CloseReason.LIMIT_REACHED, 0, "")
    bench.ends[Close] = [(SimpleNamespace(direction="to cable", t=7.0), close)]
    assert bench.end(Verdict.PASS, "").reason == ""


@pytest.mark.parametrize(
    ("who", "seconds", "until", "verdict", "stands"),
    [
        (THE_RUN, 2.0, 4.5, Verdict.FAIL, False),
        (THE_RUN, 2.0, 4.5, Verdict.INCONCLUSIVE, False),
        (THE_RUN, 2.0, 4.5, Verdict.PASS, True),
        (THE_RUN, 0.5, 0.9, Verdict.FAIL, True),
        (THE_BENCH, 0.9, 4.5, Verdict.FAIL, False),
        (THE_BENCH, 0.9, 4.5, Verdict.PASS, True),
        (THE_BENCH, 1.1, 4.5, Verdict.PASS, False),
        (THE_MACHINE, 0.3, 0.9, Verdict.PASS, False),
        (THE_RUN, 2.0, 4.5, Verdict.AUTHOR_ERROR, True),
    ],
)
def test_no_device_is_blamed_for_what_it_did_while_the_bench_stood_still(
    make: Callable[..., Bench],
    monkeypatch: pytest.MonkeyPatch,
    who: str,
    seconds: float,
    until: float,
    verdict: Verdict,
    stands: bool,
) -> None:
    bench, found = make(), Standstill(who, seconds, until)
    monkeypatch.setattr(module, "standstills", lambda clock, bench: [found])

    ending = bench.end(verdict, "too slow")

    assert ending.verdict is (verdict if stands else Verdict.RIG_FAULT)
    assert ending.reason.startswith("too slow" if stands else f"{found}. ")
    fault = next(read_scenario(bench.writer.path).of(Kind.FAULT))
    assert (fault.t, fault.before, fault.data["what"]) == (until, seconds, str(found))


def test_a_virtual_bench_that_was_killed_is_the_cause_of_all_that_was_found_with_it(
    make: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, killed = make(), "virtual bench: its program was ended by signal 9, and each part of the bench with it."
    bench.safe = SafeState(False, 0.0, 0.0, "K1 cannot be read.")
    monkeypatch.setattr(module, "end_of", lambda bench: killed)

    ending = bench.end(Verdict.RIG_FAULT, "line cable-console: the line is lost")

    assert ending.reason == (
        f"{killed} Also found: K1 cannot be read. Before that: line cable-console: the line is lost"
    )
