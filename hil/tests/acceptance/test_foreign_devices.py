"""A socket in C and a cable in JavaScript, written from SPEC alone, pass what the reference devices pass."""

from __future__ import annotations

import hashlib
import html

import pytest

from hil.evidence.documents import Kind, Verdict
from hil.tests.acceptance.commands import Finished


def test_devices_in_other_languages_pass_the_core_of_the_suite(foreign_devices: Finished) -> None:
    assert foreign_devices.code == 0, foreign_devices.said
    verdicts = [scenario.verdict for scenario in foreign_devices.record.scenarios]
    assert set(verdicts) == {Verdict.PASS, Verdict.NOT_APPLICABLE}
    assert verdicts.count(Verdict.PASS) > 30


def test_they_pass_on_the_wall_clock_too(foreign_in_real_time: Finished) -> None:
    assert foreign_in_real_time.code == 0, foreign_in_real_time.said
    assert {scenario.verdict for scenario in foreign_in_real_time.record.scenarios} == {Verdict.PASS}


def test_they_bear_with_large_coins_with_long_idling_and_with_registers_that_end(foreign_at_limits: Finished) -> None:
    assert foreign_at_limits.code == 0, foreign_at_limits.said
    names = {scenario.name for scenario in foreign_at_limits.record.scenarios}
    assert any("coin-of-30-btc" in name for name in names)
    assert any("standby-for-twenty-minutes" in name for name in names)
    assert any("register-of-the-cable" in name for name in names)
    assert {scenario.verdict for scenario in foreign_at_limits.record.scenarios} == {Verdict.PASS}


def test_their_programs_do_not_grow(watched_programs: dict[str, Finished]) -> None:
    run = watched_programs["good"]
    assert run.code == 0, run.said
    for scenario, device in zip(run.record.scenarios, ("socket", "cable"), strict=True):
        assert scenario.verdict is Verdict.PASS
        looks = [event for event in scenario.of(Kind.READING) if event.source == f"{device} program"]
        assert len(looks) == 19
        assert all(float(str(look.data["memory_MiB"])) > 0.1 for look in looks)


@pytest.mark.parametrize(
    ("leak", "told"),
    [
        ("c-socket-leaks-memory", "growth of the socket's program in memory: measured"),
        ("c-socket-leaks-descriptors", "growth of the socket's program in descriptors: measured"),
    ],
)
def test_a_program_that_leaks_fails_and_the_message_names_what(
    leak: str, told: str, watched_programs: dict[str, Finished]
) -> None:
    run = watched_programs[leak]
    assert run.code == 1, run.said
    socket, cable = run.record.scenarios
    assert (socket.verdict, cable.verdict) == (Verdict.FAIL, Verdict.NOT_APPLICABLE)
    assert told in run.said


def test_the_simulated_reference_is_no_program_and_that_is_told_before_the_run(
    watched_programs: dict[str, Finished],
) -> None:
    run = watched_programs["reference"]
    assert {scenario.verdict for scenario in run.record.scenarios} == {Verdict.NOT_APPLICABLE}
    assert "the socket of rig 'virtual' is no program of its own on this machine" in run.said


def test_they_stop_over_a_storage_that_is_full_read_only_or_torn_and_that_is_no_failure(
    foreign_storages: Finished,
) -> None:
    assert foreign_storages.code == 0, foreign_storages.said
    verdicts = [scenario.verdict for scenario in foreign_storages.record.scenarios]
    assert set(verdicts) == {Verdict.PASS, Verdict.NOT_APPLICABLE}
    assert verdicts.count(Verdict.PASS) == 15


def test_they_take_up_what_another_version_of_their_firmware_wrote_down_or_stop(two_versions: Finished) -> None:
    assert two_versions.code == 0, two_versions.said
    assert [scenario.verdict for scenario in two_versions.record.scenarios] == [Verdict.PASS] * 5


def test_evidence_and_report_name_both_versions_and_what_each_life_said_of_itself(two_versions: Finished) -> None:
    socket, cable = two_versions.document["rig"]["devices"]
    for key, name in (("program", "./socket-1"), ("other_firmware", "./socket-2")):
        digest = hashlib.sha256((two_versions.project / "rigs" / name).read_bytes()).hexdigest()
        assert socket[key] == {"command": [name], "files": [{"name": name, "sha256": digest}]}
        assert digest in two_versions.report
    assert cable["other_firmware"]["command"][-1] == "2"
    back_and_forth = two_versions.record.scenarios[2]
    told = [event.data["identity"] for event in back_and_forth.of(Kind.DEVICE)]
    assert told == [f"clean-room socket {version}.0" for version in (1, 2, 1, 2)]
    assert "other firmware: ./socket-2" in html.unescape(two_versions.report)


def test_a_version_that_begins_anew_over_a_record_of_a_newer_one_fails(forgetful_version: Finished) -> None:
    assert forgetful_version.code == 1, forgetful_version.said
    (verdict,) = (scenario.verdict for scenario in forgetful_version.record.scenarios)
    assert verdict is Verdict.FAIL


def test_both_tell_who_they_are(foreign_devices: Finished) -> None:
    told = {
        (event.source, event.data["identity"])
        for scenario in foreign_devices.record.scenarios
        for event in scenario.of(Kind.DEVICE)
    }
    assert {source for source, _ in told} == {"socket", "cable"}
