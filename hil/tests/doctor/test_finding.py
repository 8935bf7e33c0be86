"""A probe has a deadline and never raises: what keeps it from looking is a finding."""

from __future__ import annotations

import threading

import pytest

from hil.clock import stopwatch
from hil.doctor.finding import DEADLINE_S, Probe, Sight, State, look_at, not_needed, ok, problem, warning
from hil.errors import ConfigurationError


def failing(error: Exception) -> Sight:
    raise error


def test_findings_stand_in_the_order_of_their_probes() -> None:
    found = look_at(Probe("a.b", "A", lambda: ok("fine")), Probe("a.c", "C", lambda: warning("slow", "Wait.")))

    assert [(each.id, each.title, each.state, each.seen, each.remedy) for each in found] == [
        ("a.b", "A", State.OK, "fine", ""),
        ("a.c", "C", State.WARNING, "slow", "Wait."),
    ]


def test_probes_that_never_answer_cost_one_deadline_together() -> None:
    released = threading.Event()

    def silent() -> Sight:
        released.wait()
        return ok("late")

    elapsed = stopwatch()
    found = look_at(*(Probe(f"a.{number}", "A", silent) for number in range(5)), deadline=0.2)
    seconds = elapsed()
    released.set()

    assert {(each.state, each.seen) for each in found} == {(State.PROBLEM, "no answer within 0.2 s")}
    assert all(each.remedy for each in found)
    assert 0.2 <= seconds < 5 * 0.2


def test_the_deadline_of_a_probe_is_two_seconds() -> None:
    assert DEADLINE_S == 2.0


@pytest.mark.parametrize(
    ("error", "seen", "remedy"),
    [
        (OSError(5, "Input/output error"), "cannot be looked at (OSError: [Errno 5] Input/output error)", ""),
        (ConfigurationError("it is wrong", place="x.yaml:1", remedy="Mend it."), "x.yaml:1: it is wrong", "Mend it."),
        (ConfigurationError("it is wrong"), "it is wrong", ""),
    ],
)
def test_what_a_probe_raises_is_a_problem_with_a_remedy(error: Exception, seen: str, remedy: str) -> None:
    (found,) = look_at(Probe("a.b", "A", lambda: failing(error)))

    assert (found.state, found.seen) == (State.PROBLEM, seen)
    assert found.remedy == (remedy or "Mend that, and look again.")


def test_that_an_optional_probe_fails_is_a_warning_only() -> None:
    (found,) = look_at(Probe("a.b", "A", lambda: failing(OSError("gone")), optional=True))

    assert found.state is State.WARNING


def test_a_finding_is_one_line_and_holds_nothing_that_a_terminal_obeys() -> None:
    (found,) = look_at(Probe("a.b", "A", lambda: problem("one\ntwo\x1b[31m", "Do\tthis.\n")))

    assert (found.seen, found.remedy) == ("one two [31m", "Do this.")


def test_only_what_is_well_needs_no_remedy() -> None:
    assert not ok("fine").remedy
    assert [each("seen", "Act.").remedy for each in (not_needed, warning, problem)] == ["Act."] * 3
