"""From an error to words, and to the exit code of a session."""

from __future__ import annotations

import pytest

from hil.bdd.pytest_plugin.outcome import blame, code_of_session, error_document, explain
from hil.errors import AuthorError, PeerViolation, RigFault
from hil.evidence.documents import Event, Kind, Verdict, encode
from hil.evidence.observations import DeviceIdle, EvidenceMissing
from hil.scenario.findings import LimitMissed, Undecided


def caused(outer: Exception, inner: Exception) -> Exception:
    try:
        raise outer from inner
    except Exception as error:
        return error


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (LimitMissed("x"), Verdict.FAIL),
        (PeerViolation("x"), Verdict.FAIL),
        (Undecided("x"), Verdict.INCONCLUSIVE),
        (DeviceIdle("x"), Verdict.FAIL),
        (EvidenceMissing("x"), Verdict.INCONCLUSIVE),
        (AuthorError("x"), Verdict.AUTHOR_ERROR),
        (ZeroDivisionError("x"), Verdict.FRAMEWORK_ERROR),
        (AssertionError("x"), Verdict.FRAMEWORK_ERROR),
        (pytest.fail.Exception("x"), Verdict.FRAMEWORK_ERROR),
        (pytest.skip.Exception("x"), Verdict.NOT_RUN),
        (pytest.exit.Exception("x"), Verdict.NOT_RUN),
        (KeyboardInterrupt(), Verdict.NOT_RUN),
    ],
)
def test_an_error_that_ends_a_scenario_has_whom_it_blames_and_a_reason(error: BaseException, verdict: Verdict) -> None:
    assert blame(error)[0] is verdict
    assert blame(error)[1]


def test_an_error_that_was_not_raised_on_purpose_is_a_mistake_in_code_with_its_place() -> None:
    document = error_document(raised(ValueError("x \ud83d")))

    assert document["what"] == "a mistake in code: ValueError: x \\ud83d"
    assert document["place"].startswith("hil/tests/bdd/pytest_plugin/test_outcome.py:")
    assert document["remedy"]
    assert encode(document)


def test_a_mistake_in_code_is_explained_with_the_calls_that_led_there() -> None:
    told = explain("a.feature:7", "Then it is so", raised(ZeroDivisionError("x")), [], "hil run a.feature:7 --seed 3")

    assert "framework error: hil/tests/bdd/pytest_plugin/test_outcome.py:" in told
    assert "\n  hil/tests/bdd/pytest_plugin/test_outcome.py:" in told
    assert "in raised" in told


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
        (2, Verdict.FAIL, 2),
        (2, Verdict.RIG_FAULT, 7),
        (2, Verdict.FRAMEWORK_ERROR, 3),
        (3, Verdict.PASS, 3),
        (3, Verdict.FRAMEWORK_ERROR, 3),
        (3, Verdict.RIG_FAULT, 7),
        (1, Verdict.FRAMEWORK_ERROR, 3),
        (1, Verdict.AUTHOR_ERROR, 4),
        (4, Verdict.PASS, 4),
    ],
)
def test_the_verdict_of_the_run_decides_the_code_of_the_session(of_pytest: int, verdict: Verdict, code: int) -> None:
    assert code_of_session(of_pytest, verdict) == code


def test_a_run_that_passed_does_not_hide_a_test_that_failed_beside_it() -> None:
    assert code_of_session(1, Verdict.PASS) == 1


def test_what_a_device_wrote_is_harmless_on_the_terminal() -> None:
    error = PeerViolation("the socket says \x1b[31m\n::error::x \u202e")
    assert explain("a.feature:7", "Then\n::x", error, [], "hil run").splitlines() == [
        "a.feature:7: Then ::x",
        "fail: the socket says ⟨U+001B⟩[31m ::error::x ⟨U+202E⟩",
        "run it again: hil run",
    ]
