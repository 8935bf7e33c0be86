"""However a scenario ends, the bench is safe, the verdict on record, and the blame where it belongs."""

from __future__ import annotations

import pytest

from hil.errors import ExitCode
from hil.evidence.documents import Verdict
from hil.tests.acceptance.commands import Finished
from hil.tests.acceptance.end_plans import STEPS


def verdicts(run: Finished) -> list[Verdict]:
    return [record.verdict for record in run.record.scenarios]


def made_safe(run: Finished, scenario: int = 0) -> object:
    safe = run.stop_event(scenario).data["safe_state"]
    assert isinstance(safe, dict)
    return safe["reached"]


def test_a_mistake_in_a_steps_own_code_ends_with_3_names_its_line_and_leaves_the_next_scenario_alone(
    own_mistakes: Finished,
) -> None:
    assert own_mistakes.code == ExitCode.INTERNAL_ERROR, own_mistakes.said
    assert verdicts(own_mistakes) == [Verdict.FRAMEWORK_ERROR] * 5 + [Verdict.PASS]
    assert own_mistakes.document["verdict"] == Verdict.FRAMEWORK_ERROR
    line = STEPS.splitlines().index("    1 / 0") + 1
    told = f"lab_steps.py:{line}: a mistake in code: ZeroDivisionError: division by zero. Ask who wrote"
    assert told in own_mistakes.said
    assert "ValueError: it goes on" in own_mistakes.said
    assert "Wordless, whose words cannot be had: ZeroDivisionError" in own_mistakes.said
    assert all(made_safe(own_mistakes, number) for number in range(6))
    assert 'type="framework error"' in (own_mistakes.folder / "junit.xml").read_text(encoding="utf-8")
    assert "Traceback" not in own_mistakes.said


@pytest.mark.parametrize("name", ["folder_removed", "disk_full"])
def test_evidence_that_the_disk_does_not_take_ends_with_7_and_no_traceback(
    name: str, request: pytest.FixtureRequest
) -> None:
    run: Finished = request.getfixturevalue(name)
    assert run.code == ExitCode.RIG_FAULT, run.said
    assert "evidence cannot be written" in run.said
    assert "Traceback" not in run.said
    assert not (run.project / "reports/locks").exists()


def test_a_watchdog_that_hangs_is_a_rig_fault_that_names_it_and_nothing_more_is_run(watchdog_hangs: Finished) -> None:
    assert watchdog_hangs.code == ExitCode.RIG_FAULT, watchdog_hangs.said
    assert verdicts(watchdog_hangs) == [Verdict.RIG_FAULT, Verdict.NOT_RUN]
    assert "from the watchdog within 5 s: it hangs" in watchdog_hangs.said
    assert made_safe(watchdog_hangs) is True
    assert not (watchdog_hangs.project / "reports/locks").exists()


def test_a_meter_that_answers_garbage_is_named_and_no_contact_is_called_welded(meter_garbage: Finished) -> None:
    assert meter_garbage.code == ExitCode.RIG_FAULT, meter_garbage.said
    assert verdicts(meter_garbage) == [Verdict.RIG_FAULT, Verdict.PASS]
    assert "rig fault: meter" in meter_garbage.said
    assert "weld" not in meter_garbage.said
    assert made_safe(meter_garbage) is True
    assert not (meter_garbage.project / "reports/locks").exists()


def test_an_interrupted_run_whose_bench_is_not_safe_ends_as_a_rig_fault(welded_and_interrupted: Finished) -> None:
    assert welded_and_interrupted.code == ExitCode.RIG_FAULT, welded_and_interrupted.said
    assert welded_and_interrupted.document["verdict"] == Verdict.RIG_FAULT
    assert "welded shut" in welded_and_interrupted.said
    assert (welded_and_interrupted.project / "reports/locks").exists()


def test_a_then_that_returns_what_is_no_check_is_its_authors_error(returned_comparison: Finished) -> None:
    assert returned_comparison.code == ExitCode.AUTHOR_ERROR, returned_comparison.said
    line = STEPS.splitlines().index('@then("one is more than two")') + 1
    said = "the step 'Then one is more than two' returned False; a Then returns a Check, a list of them, or nothing"
    assert f"lab_steps.py:{line}: {said}" in returned_comparison.said
