"""From an error to whom it blames, to words, and to the exit code."""

from __future__ import annotations

import pytest

from hil.bdd.outcome import code_of_session, error_document, exit_code_of, explain, purposeful, verdict_of
from hil.errors import (
    AuthorError,
    ConfigurationError,
    DeadlineExceeded,
    ExitCode,
    HilError,
    PeerViolation,
    RigFault,
)
from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.observations import DeviceIdle, EvidenceMissing
from hil.scenario.findings import LimitMissed, Undecided


@pytest.mark.parametrize(
    ("error", "verdict", "code"),
    [
        (PeerViolation("x"), Verdict.FAIL, 1),
        (DeadlineExceeded("x"), Verdict.FAIL, 1),
        (LimitMissed("x"), Verdict.FAIL, 1),
        (AuthorError("x"), Verdict.AUTHOR_ERROR, 4),
        (ConfigurationError("x"), Verdict.AUTHOR_ERROR, 4),
        (Undecided("x"), Verdict.INCONCLUSIVE, 6),
        (RigFault("x"), Verdict.RIG_FAULT, 7),
        (HilError("x"), Verdict.RIG_FAULT, 7),
        (EvidenceMissing("x"), Verdict.INCONCLUSIVE, 6),
        (DeviceIdle("x"), Verdict.FAIL, 1),
        (ZeroDivisionError("x"), Verdict.RIG_FAULT, 7),
        (AssertionError("x"), Verdict.RIG_FAULT, 7),
        (KeyboardInterrupt(), Verdict.NOT_RUN, 2),
    ],
)
def test_every_error_has_its_verdict_and_exit_code(error: BaseException, verdict: Verdict, code: int) -> None:
    assert verdict_of(error) is verdict
    assert exit_code_of(verdict) == code


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (Verdict.PASS, ExitCode.PASS),
        (Verdict.FAIL, ExitCode.DEVICE_FAILURE),
        (Verdict.INCONCLUSIVE, ExitCode.INCONCLUSIVE),
        (Verdict.RIG_FAULT, ExitCode.RIG_FAULT),
        (Verdict.AUTHOR_ERROR, ExitCode.AUTHOR_ERROR),
        (Verdict.NOT_APPLICABLE, ExitCode.NOTHING_RUN),
        (Verdict.NOT_RUN, ExitCode.INTERRUPTED),
    ],
)
def test_every_verdict_of_a_run_has_its_exit_code(verdict: Verdict, code: ExitCode) -> None:
    assert exit_code_of(verdict) is code


def test_only_a_pass_ends_with_zero_and_different_blame_has_different_codes() -> None:
    codes = {verdict: exit_code_of(verdict) for verdict in Verdict}

    assert [verdict for verdict, code in codes.items() if code == 0] == [Verdict.PASS]
    assert len(set(codes.values())) == len(codes)


def caused(outer: Exception, inner: Exception) -> Exception:
    try:
        raise outer from inner
    except Exception as error:
        return error


def test_the_cause_decides_where_a_library_wrapped_it() -> None:
    error = caused(RuntimeError("labgrid says"), caused(OSError("wire"), PeerViolation("too slow")))

    assert verdict_of(error) is Verdict.FAIL
    assert str(purposeful(error)) == "too slow"


def test_the_outer_error_decides_if_it_was_raised_on_purpose() -> None:
    assert verdict_of(caused(RigFault("dead"), PeerViolation("late"))) is Verdict.RIG_FAULT


def test_an_error_that_nobody_raised_on_purpose_has_no_words_of_ours() -> None:
    assert purposeful(ValueError("x")) is None
    assert error_document(ValueError("x")) == {"what": "ValueError: x"}


def test_the_evidence_keeps_what_where_and_remedy() -> None:
    wrapped = caused(RuntimeError("labgrid"), RigFault("no answer", place="meter", remedy="Switch it on."))

    assert error_document(wrapped) == {"what": "no answer", "place": "meter", "remedy": "Switch it on."}
    assert error_document(RigFault("no answer")) == {"what": "no answer"}


def test_a_failure_tells_the_step_the_finding_what_happened_last_and_how_to_run_it_again() -> None:
    events = [
        Event(Kind.STEP, 0.0, "bench", {"text": "a step is told elsewhere"}),
        Event(Kind.RELAY, 3.0, "K1", {"closed": True}),
        Event(Kind.READING, 3.1, "meter", {"power_W": 1300.25, "energy_Wh": 0.1, "voltage_V": 230.0}),
    ]

    told = explain("a.feature:7", "Then it is so", LimitMissed("31 s"), events, "hil run a.feature:7 --seed 3")

    assert told.splitlines() == [
        "a.feature:7: Then it is so",
        "fail: 31 s",
        "what happened last:",
        "     3.000 s  K1              closed",
        "     3.100 s  meter           power 1300.25 W, energy 0.1 Wh",
        "run it again: hil run a.feature:7 --seed 3",
    ]


@pytest.mark.parametrize(
    ("of_pytest", "verdict", "code"),
    [
        (0, Verdict.PASS, 0),
        (1, Verdict.FAIL, 1),
        (1, Verdict.RIG_FAULT, 7),
        (1, Verdict.INCONCLUSIVE, 6),
        (0, Verdict.NOT_RUN, 2),
        (0, Verdict.NOT_APPLICABLE, 5),
        (2, Verdict.NOT_RUN, 2),
        (2, Verdict.RIG_FAULT, 2),
        (3, Verdict.PASS, 3),
        (4, Verdict.PASS, 4),
    ],
)
def test_the_verdict_of_the_run_decides_the_code_of_the_session(of_pytest: int, verdict: Verdict, code: int) -> None:
    assert code_of_session(of_pytest, verdict) == code


def test_a_run_that_passed_does_not_hide_a_test_that_failed_beside_it() -> None:
    assert code_of_session(1, Verdict.PASS) == 1
