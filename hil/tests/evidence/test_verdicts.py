"""From an error to whom it blames, from many verdicts to one, and to the exit code."""

from __future__ import annotations

import errno
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import (
    AuthorError,
    ConfigurationError,
    DeadlineExceeded,
    ExitCode,
    FrameworkError,
    HilError,
    PeerViolation,
    RigFault,
)
from hil.evidence.documents import Verdict
from hil.evidence.observations import DeviceIdle, EvidenceMissing
from hil.evidence.run_folder.scenario_writer import Unencodable
from hil.evidence.verdicts import exit_code_of, purposeful, verdict_of, verdict_of_run, worst

SEVERITY = [
    Verdict.NOT_RUN,
    Verdict.NOT_APPLICABLE,
    Verdict.PASS,
    Verdict.INCONCLUSIVE,
    Verdict.FAIL,
    Verdict.AUTHOR_ERROR,
    Verdict.FRAMEWORK_ERROR,
    Verdict.RIG_FAULT,
    Verdict.ALTERED,
]


def caused(outer: Exception, inner: Exception) -> Exception:
    try:
        raise outer from inner
    except Exception as error:
        return error


@pytest.mark.parametrize(
    ("error", "verdict", "code"),
    [
        (PeerViolation("x"), Verdict.FAIL, 1),
        (DeadlineExceeded("x"), Verdict.FAIL, 1),
        (AuthorError("x"), Verdict.AUTHOR_ERROR, 4),
        (ConfigurationError("x"), Verdict.AUTHOR_ERROR, 4),
        (RigFault("x"), Verdict.RIG_FAULT, 7),
        (EvidenceMissing("x"), Verdict.INCONCLUSIVE, 6),
        (DeviceIdle("x"), Verdict.FAIL, 1),
        (HilError("x"), Verdict.FRAMEWORK_ERROR, 3),
        (FrameworkError("x"), Verdict.FRAMEWORK_ERROR, 3),
        (Unencodable("x"), Verdict.FRAMEWORK_ERROR, 3),
        (ZeroDivisionError("x"), Verdict.FRAMEWORK_ERROR, 3),
        (AssertionError("x"), Verdict.FRAMEWORK_ERROR, 3),
        (RecursionError("x"), Verdict.FRAMEWORK_ERROR, 3),
        (FileNotFoundError(errno.ENOENT, "x"), Verdict.FRAMEWORK_ERROR, 3),
        (SystemExit(1), Verdict.FRAMEWORK_ERROR, 3),
        (OSError(errno.ENOSPC, "x"), Verdict.RIG_FAULT, 7),
        (OSError(errno.EROFS, "x"), Verdict.RIG_FAULT, 7),
        (PermissionError(errno.EACCES, "x"), Verdict.RIG_FAULT, 7),
        (OSError(errno.EMFILE, "x"), Verdict.RIG_FAULT, 7),
        (MemoryError(), Verdict.RIG_FAULT, 7),
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
        (Verdict.FRAMEWORK_ERROR, ExitCode.INTERNAL_ERROR),
        (Verdict.NOT_APPLICABLE, ExitCode.NOTHING_RUN),
        (Verdict.NOT_RUN, ExitCode.INTERRUPTED),
    ],
)
def test_every_verdict_of_a_run_has_its_exit_code(verdict: Verdict, code: ExitCode) -> None:
    assert exit_code_of(verdict) is code


def test_only_a_pass_ends_with_zero_only_a_failure_with_one_and_different_blame_has_different_codes() -> None:
    codes = {verdict: exit_code_of(verdict) for verdict in Verdict}

    assert [verdict for verdict, code in codes.items() if code == 0] == [Verdict.PASS]
    assert [verdict for verdict, code in codes.items() if code == 1] == [Verdict.FAIL]
    assert len(set(codes.values())) == len(codes)


def test_the_cause_decides_where_a_library_wrapped_it() -> None:
    error = caused(RuntimeError("labgrid says"), caused(OSError("wire"), PeerViolation("too slow")))

    assert verdict_of(error) is Verdict.FAIL
    assert str(purposeful(error)) == "too slow"


def test_the_outer_error_decides_if_it_was_raised_on_purpose() -> None:
    assert verdict_of(caused(RigFault("dead"), PeerViolation("late"))) is Verdict.RIG_FAULT


def test_a_rig_fault_outweighs_a_failure_and_a_failure_outweighs_the_inconclusive() -> None:
    assert set(SEVERITY) == set(Verdict)
    for lesser, greater in pairwise(SEVERITY):
        for order in permutations([lesser, greater]):
            assert worst(list(order)) is greater
    assert worst([]) is Verdict.NOT_RUN


def test_a_scenario_without_its_end_makes_the_run_a_rig_fault() -> None:
    assert verdict_of_run([Verdict.PASS, None]) is Verdict.RIG_FAULT
    assert verdict_of_run([Verdict.FAIL, None]) is Verdict.RIG_FAULT


def test_a_run_of_which_a_part_did_not_run_is_no_pass() -> None:
    assert verdict_of_run([Verdict.PASS, Verdict.NOT_RUN]) is Verdict.NOT_RUN
    assert verdict_of_run([Verdict.FAIL, Verdict.NOT_RUN]) is Verdict.FAIL
    assert verdict_of_run([Verdict.PASS], also=[Verdict.NOT_RUN]) is Verdict.NOT_RUN
    assert verdict_of_run([Verdict.PASS, Verdict.NOT_APPLICABLE]) is Verdict.PASS
    assert verdict_of_run([]) is Verdict.NOT_RUN


@given(st.lists(st.sampled_from([*Verdict, None])), st.lists(st.sampled_from(list(Verdict))))
def test_a_run_is_a_pass_only_if_something_passed_and_nothing_else_came_of_any_scenario(
    scenarios: list[Verdict | None], also: list[Verdict]
) -> None:
    every = [*scenarios, *also]
    passed = Verdict.PASS in every and set(every) <= {Verdict.PASS, Verdict.NOT_APPLICABLE}
    assert (verdict_of_run(scenarios, also) is Verdict.PASS) is passed
