"""Each thing that goes wrong outside of the device: one clear sentence, its own exit code, evidence that renders."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

import pytest

from hil.evidence.documents import Kind, Verdict
from hil.tests.acceptance.commands import Finished, own_address


@dataclass(frozen=True)
class Case:
    plan: str
    code: int
    verdict: Verdict
    sentence: str
    """What the terminal says: place, what is wrong, remedy. A regular expression."""


CASES = [
    Case(
        "broken_rig",
        4,
        Verdict.AUTHOR_ERROR,
        r"rigs/broken\.yaml:\d+:\d+: options\.rig\.limits\.power: 'Watts' is not a unit of power; known: W, kW, mW",
    ),
    Case(
        "missing_node",
        4,
        Verdict.AUTHOR_ERROR,
        r"NODE=auto: there is no bitcoind to be had: no Docker daemon answers .* Ways out: start a Docker daemon; or",
    ),
    Case(
        "busy_port",
        7,
        Verdict.RIG_FAULT,
        rf"virtual bench: .*{re.escape(own_address(1))}:5025: the port of 'meter' is taken by another program\. .*"
        r"Free the port, or leave VirtualBench\.address empty",
    ),
    Case(
        "dead_meter",
        7,
        Verdict.RIG_FAULT,
        r"meter \(TCPIP::127\.0\.0\.1::\d+::SOCKET\): no connection within 2 s: Connection refused\. "
        r"Check that the instrument is on",
    ),
    Case(
        "garbage_meter",
        7,
        Verdict.RIG_FAULT,
        r"meter \(TCPIP::127\.0\.0\.1::\d+::SOCKET\): the reply to 'CHAN1:MEAS:DATA\?' is not readable ASCII: .*"
        r"\. Check port and dialect",
    ),
]


@pytest.fixture(params=CASES, ids=lambda case: case.plan)
def case(request: pytest.FixtureRequest) -> tuple[Case, Finished]:
    return request.param, request.getfixturevalue(request.param.plan)


def test_bad_input_ends_with_a_code_that_tells_whose_fault_it_is(case: tuple[Case, Finished]) -> None:
    wanted, finished = case

    assert finished.code == wanted.code, finished.said
    assert finished.document["verdict"] == wanted.verdict


def test_bad_input_is_told_in_one_sentence_with_place_and_remedy(case: tuple[Case, Finished]) -> None:
    wanted, finished = case
    told = " ".join(finished.said.split())

    assert re.search(wanted.sentence, told), finished.said
    assert "Traceback" not in finished.said
    assert len(finished.said.splitlines()) < 40, finished.said


def test_bad_input_leaves_evidence_that_renders_and_says_so(case: tuple[Case, Finished]) -> None:
    wanted, finished = case
    record = finished.record

    assert record.document["finished"] is True
    assert record.altered_files() == []
    stop = next(record.scenarios[0].of(Kind.STOP))
    assert stop.data["verdict"] == wanted.verdict
    reason = " ".join(str(stop.data["reason"]).split())
    assert re.search(wanted.sentence, reason)
    page = " ".join(html.unescape(finished.report).split())
    assert re.search(wanted.sentence.split(r"\. ")[0], page)
    assert str(wanted.verdict) in page


def test_the_exit_codes_tell_author_rig_and_device_apart() -> None:
    assert {case.code for case in CASES} == {4, 7}


def test_every_mistake_of_a_rig_file_is_told(broken_rig: Finished) -> None:
    places = re.findall(r"rigs/broken\.yaml:(\d+:\d+): (options\.rig\.limits\.\w+)", broken_rig.said)

    assert {name for _, name in places} == {f"options.rig.limits.{name}" for name in ("power", "energy", "energi")}
    assert "nothing was run, nothing was switched; report: reports/runs/" in broken_rig.said


@pytest.mark.parametrize("plan", ["broken_rig", "dead_meter"])
def test_scenarios_that_the_fault_kept_from_running_are_not_run(request: pytest.FixtureRequest, plan: str) -> None:
    finished: Finished = request.getfixturevalue(plan)

    verdicts = [scenario.verdict for scenario in finished.record.scenarios]
    assert len(verdicts) > 1
    assert verdicts[0] in {Verdict.AUTHOR_ERROR, Verdict.RIG_FAULT}
    assert set(verdicts[1:]) == {Verdict.NOT_RUN}


def test_a_bench_that_cannot_be_had_is_asked_for_once(dead_meter: Finished) -> None:
    began = [scenario for scenario in dead_meter.record.scenarios if scenario.verdict is not Verdict.NOT_RUN]
    assert len(began) == 1
    count = len(dead_meter.record.scenarios)
    assert f"{count} scenarios: 1 rig fault, {count - 1} not run" in dead_meter.said


def test_evidence_that_cannot_be_written_is_a_rig_fault_and_what_there_is_renders(full_disk: Finished) -> None:
    assert full_disk.code == 7, full_disk.said
    assert re.search(
        r"0001-the-load-draws-little\.jsonl\.gz: evidence cannot be written: File too large", full_disk.said
    )
    assert full_disk.document["verdict"] == Verdict.RIG_FAULT
    assert full_disk.record.scenarios[0].damage or full_disk.record.scenarios[0].verdict is Verdict.RIG_FAULT
    assert "The load draws little" in full_disk.report


def test_a_meter_that_answers_garbage_leaves_the_bench_safe(garbage_meter: Finished) -> None:
    safe = garbage_meter.stop_event().data["safe_state"]

    assert isinstance(safe, dict)
    assert safe["reached"] is True


def test_a_failure_on_the_bench_names_the_step_and_how_to_run_it_again(garbage_meter: Finished) -> None:
    assert "features/boot.feature:9: When the devices are switched on" in garbage_meter.said
    assert (
        "run it again: hil run 'features/boot.feature::A socket takes its first payment within the budget' --seed 7 "
        "--rig rigs/garbage.yaml" in garbage_meter.said
    )


def test_a_wrong_feature_file_is_refused_before_anything_is_started(wrong_feature: Finished) -> None:
    assert wrong_feature.code == 4
    assert "wrong.feature:3:10: " in wrong_feature.said
    assert "nothing was run, nothing was switched" in wrong_feature.said
    assert not (wrong_feature.project / "reports/runs").exists()
