"""A socket in C and a cable in JavaScript, written from SPEC alone, pass what the reference devices pass."""

from __future__ import annotations

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


def test_they_stop_over_a_storage_that_is_full_read_only_or_torn_and_that_is_no_failure(
    foreign_storages: Finished,
) -> None:
    assert foreign_storages.code == 0, foreign_storages.said
    verdicts = [scenario.verdict for scenario in foreign_storages.record.scenarios]
    assert (set(verdicts), len(verdicts)) == ({Verdict.PASS}, 13)


def test_both_tell_who_they_are(foreign_devices: Finished) -> None:
    told = {
        (event.source, event.data["identity"])
        for scenario in foreign_devices.record.scenarios
        for event in scenario.of(Kind.DEVICE)
    }
    assert {source for source, _ in told} == {"socket", "cable"}
