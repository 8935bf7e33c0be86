"""A run folder that is not what was recorded: each alteration is named, and no verdict stands."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.record import RunRecord, ScenarioRecord, scenario_text
from hil.evidence.run_folder.digests import evidence_digest, observations_digest
from hil.evidence.run_folder.files import DERIVED_FILES, MANIFEST_FILE, RUN_FILE, SCENARIOS
from hil.evidence.run_folder.manifest import write_manifest
from hil.evidence.store import RunWriter
from hil.report.all_reports import read_run, write_reports
from hil.report.evidence.verification import verified
from hil.report.integrity import Statement, check, seal_of
from hil.report.summary import summary_lines


@pytest.fixture
def folder(finished_run: Path, tmp_path: Path) -> Path:
    """A copy of a finished run that a test may spoil."""
    return Path(shutil.copytree(finished_run, tmp_path / "run"))


def check_of(folder: Path) -> Statement:
    record = RunRecord.load(folder)
    return check(record, [seal_of(scenario) for scenario in record.scenarios])


def sentences(folder: Path) -> list[str]:
    statement = check_of(folder)
    assert not statement.sound
    assert statement.altered
    return statement.sentences


def scenario(folder: Path, number: int) -> Path:
    return next((folder / SCENARIOS).glob(f"{number:04d}*"))


def rewrite(path: Path, old: bytes, new: bytes) -> None:
    """Replace a passage of a scenario's file, which stays a good file."""
    text = scenario_text(path)[0]
    assert old in text
    path.write_bytes(gzip.compress(text.replace(old, new, 1)))


def change_document(folder: Path, **changes: Any) -> None:
    path = folder / RUN_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}, indent=2, sort_keys=True) + "\n")


def test_untouched_run_is_sound_and_its_digests_can_be_computed_anew(folder: Path) -> None:
    record = RunRecord.load(folder)
    digests = {scenario.name: str(scenario.digest) for scenario in record.scenarios}
    assert check_of(folder).sound
    assert not check_of(folder).altered
    assert evidence_digest(record.document) == record.document["evidence_digest"]
    assert observations_digest(digests) == record.document["observations_digest"]


def test_the_digest_of_the_lines_is_that_of_their_events(folder: Path) -> None:
    scenarios = RunRecord.load(folder).scenarios
    from_events = [ScenarioRecord(scenario.name, scenario.events) for scenario in scenarios]
    assert [seal_of(scenario).digest for scenario in from_events] == [scenario.digest for scenario in scenarios]


def test_events_written_in_another_form_still_have_the_recorded_digest(folder: Path) -> None:
    for path in (folder / SCENARIOS).iterdir():
        lines = [json.loads(line) for line in scenario_text(path)[0].split(b"\n") if line]
        path.write_bytes(gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode()))
    assert all("it was changed" in line for line in sentences(folder))
    write_manifest(folder)
    assert check_of(folder).sound


def test_writing_the_reports_again_does_not_count_as_altering_the_evidence(folder: Path) -> None:
    for name in ("report.html", "junit.xml"):
        (folder / name).write_text("an older rendering")
    assert write_reports(folder).integrity.sound
    assert check_of(folder).sound


def test_altered_event_is_found_by_the_manifest_and_by_the_digest(folder: Path) -> None:
    path = scenario(folder, 1)
    rewrite(path, b'"power_W":1300', b'"power_W":1200')
    by_manifest, by_digest = sentences(folder)
    assert by_manifest == f"{SCENARIOS}/{path.name} does not have the SHA-256 sum of the manifest: it was changed."
    assert by_digest == f"{SCENARIOS}/{path.name}: its events are not those whose digest run.json lists."


def test_event_altered_together_with_its_sum_is_still_found_by_the_digest(folder: Path) -> None:
    rewrite(scenario(folder, 3), b"inconclusive", b"pass")
    write_manifest(folder)
    name = scenario(folder, 3).name
    assert f"{SCENARIOS}/{name}: its events are not those whose digest run.json lists." in sentences(folder)


def test_scenario_that_was_added_after_the_run_is_named(folder: Path) -> None:
    shutil.copy(scenario(folder, 1), folder / SCENARIOS / "0009-added.jsonl.gz")
    assert "scenarios/0009-added.jsonl.gz is not in the manifest: it was added after the run." in sentences(folder)
    assert "scenarios/0009-added.jsonl.gz is not listed in run.json." in sentences(folder)


def test_a_file_of_any_other_name_that_was_added_is_named(folder: Path) -> None:
    (folder / "photo.jpg").write_bytes(b"x")
    assert sentences(folder) == ["photo.jpg is not in the manifest: it was added after the run."]


def test_scenario_that_is_gone_is_named_and_leaves_no_pass(make_run: Callable[..., Path], tmp_path: Path) -> None:
    def passed(run: RunWriter) -> None:
        writer = run.scenario(len(run.entries) + 1, "a slice")
        writer.write(Event(Kind.START, 0.0, "bench", {"name": "A slice"}))
        writer.write(Event(Kind.STOP, 9.0, "bench", {"verdict": "pass", "safe_state": {"reached": True}}))
        run.scenario_done(writer)

    folder = Path(shutil.copytree(make_run(passed, passed, verdict=Verdict.PASS), tmp_path / "run"))
    assert read_run(folder).verdict is Verdict.PASS
    path = scenario(folder, 2)
    path.unlink()

    run = write_reports(folder)

    assert run.verdict is Verdict.ALTERED
    gone = f"{SCENARIOS}/{path.name} is gone"
    assert any(line.startswith(f"{gone}: run.json lists it as scenario 'A slice' with") for line in run.warnings)
    assert any(gone in line for line in summary_lines(run))
    assert 'type="evidence altered"' in (folder / "junit.xml").read_text()
    assert gone in (folder / "junit.xml").read_text()
    assert "evidence altered" in (folder / "report.html").read_text()


@pytest.mark.parametrize("text", ["{", "[]", "3", '{"a": 1}', None])
def test_unusable_manifest_is_said_and_stops_nothing(folder: Path, text: str | None) -> None:
    manifest = folder / MANIFEST_FILE
    manifest.unlink() if text is None else manifest.write_text(text)
    assert sentences(folder)[0].startswith(MANIFEST_FILE)


def test_a_manifest_with_another_line_end_is_not_as_it_was_written(folder: Path) -> None:
    manifest = folder / MANIFEST_FILE
    manifest.write_text(manifest.read_text() + "\n")
    assert sentences(folder) == [f"{MANIFEST_FILE} is not as it was written: its own digest does not hold."]


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 43},
        {"verdict": "pass"},
        {"commit": "0" * 40},
        {"version": "9"},
        {"rig": {"name": "bench 7", "virtual": False}},
        {"node": {}},
        {"acceptance": {}},
        {"scenarios": []},
        {"attachments": [{"file": "photo.jpg", "sha256": "0" * 64}]},
    ],
)
def test_a_changed_run_document_is_found_even_with_a_new_manifest(folder: Path, changes: dict[str, Any]) -> None:
    change_document(folder, **changes)
    assert f"{RUN_FILE} does not have the SHA-256 sum of the manifest: it was changed." in sentences(folder)
    write_manifest(folder)
    assert f"{RUN_FILE} does not have its recorded evidence digest: it was changed." in sentences(folder)


def test_a_virtual_run_that_is_made_a_physical_one_is_contradicted_by_its_events(folder: Path) -> None:
    document = json.loads((folder / RUN_FILE).read_text())
    document["rig"] |= {"virtual": False, "name": "bench 7"}
    change_document(folder, rig=document["rig"], evidence_digest=evidence_digest(document))
    write_manifest(folder)
    found = sentences(folder)
    assert len(found) == 4
    assert all(
        "has events in virtual time, but run.json does not call the rig a virtual one." in line for line in found
    )


@pytest.mark.parametrize(("key", "value"), [("seed", "8"), ("rig", "another")])
def test_events_of_another_run_are_found(make_run: Callable[..., Path], key: str, value: str, tmp_path: Path) -> None:
    def foreign(run: RunWriter) -> None:
        writer = run.scenario(1, "x")
        writer.write(Event(Kind.START, 0.0, "bench", {"name": "x", "seed": "7", "rig": "virtual", key: value}))
        writer.write(Event(Kind.STOP, 9.0, "bench", {"verdict": "pass"}))
        run.scenario_done(writer)

    document = {"seed": "7", "rig": {"name": "virtual", "virtual": True}}
    folder = make_run(foreign, verdict=Verdict.PASS, document=document)
    (found,) = sentences(folder)
    assert found.startswith(f"Scenario 0001-x was recorded with {key} '{value}', run.json names ")


def test_an_attachment_that_was_changed_together_with_the_manifest_is_named(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    def attached(run: RunWriter) -> None:
        (run.folder / "photo.jpg").write_bytes(b"a photo")

    folder = make_run(attached, verdict=Verdict.NOT_RUN)
    assert check_of(folder).sound
    (folder / "photo.jpg").write_bytes(b"another")
    write_manifest(folder)
    assert sentences(folder) == ["photo.jpg does not have the SHA-256 sum that run.json lists: it was changed."]


def test_a_run_that_was_forged_whole_is_found_by_the_run_after_it(tmp_path: Path) -> None:
    for name in ("1", "2"):
        RunWriter.create(tmp_path / name, {"seed": "1"}, {}).finish(Verdict.NOT_RUN)
    assert check_of(tmp_path / "1").sound
    assert check_of(tmp_path / "2").sound

    shutil.rmtree(tmp_path / "1")
    RunWriter.create(tmp_path / "1", {"seed": "2"}, {}).finish(Verdict.NOT_RUN)

    assert sentences(tmp_path / "1")[-1] == f"{MANIFEST_FILE} was changed after run 2, which recorded its sum."
    assert sentences(tmp_path / "2") == ["The manifest of the run before, 1, was changed after this run."]


def test_a_run_whose_predecessor_was_moved_away_is_still_sound(tmp_path: Path) -> None:
    for name in ("1", "2"):
        RunWriter.create(tmp_path / name, {"seed": "1"}, {}).finish(Verdict.NOT_RUN)
    shutil.rmtree(tmp_path / "1")
    assert check_of(tmp_path / "2").sound


def test_a_run_that_was_never_finished_is_neither_sound_nor_altered(crashed_run: Path) -> None:
    statement = check_of(crashed_run)
    assert (statement.sound, statement.altered) == (False, False)


def test_a_finished_run_that_is_made_an_unfinished_one_is_found(folder: Path) -> None:
    change_document(folder, finished=False)
    assert sentences(folder)[0] == f"{RUN_FILE} says that the run was never finished, but it has a manifest."


def test_the_manifest_has_the_sum_of_every_file_but_itself_and_the_reports(folder: Path) -> None:
    write_reports(folder)
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    listed = json.loads((folder / MANIFEST_FILE).read_text())["files"]
    assert {"report.html", "junit.xml"} <= set(files)
    assert set(files) - set(listed) == {MANIFEST_FILE} | (set(files) & DERIVED_FILES)
    assert all(hashlib.sha256(files[name].read_bytes()).hexdigest() == digest for name, digest in listed.items())


@pytest.mark.parametrize("name", ["added.tmp", "scenarios/added.tmp", "scenarios/0009-pipe.jsonl.gz"])
def test_a_link_a_pipe_or_a_temporary_file_of_another_that_was_added_is_named(folder: Path, name: str) -> None:
    os.mkfifo(folder / name) if "pipe" in name else (folder / name).symlink_to("/nowhere")
    assert f"{name} is not in the manifest: it was added after the run." in sentences(folder)


def test_what_a_crash_left_of_our_own_files_while_they_were_written_is_none_of_the_evidence(folder: Path) -> None:
    for name in ("run.tmp", "report.tmp", "manifest.json.sig.tmp", "safe_state-1.json.tmp", "safe_state-1.tmp"):
        (folder / name).write_bytes(b"half")
    assert check_of(folder).sound


@pytest.mark.parametrize("name", ["run.json", "manifest.json", "notes.jsonl", "reports.json", "scenarios/0001"])
def test_a_pipe_in_the_place_of_a_file_is_never_waited_for_and_is_named(folder: Path, name: str) -> None:
    write_reports(folder)
    path = scenario(folder, 1) if name.startswith(SCENARIOS) else folder / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    told = verified(folder).sentences
    assert any(path.relative_to(folder).as_posix() in sentence for sentence in told)
    assert read_run(folder) is not None


@pytest.mark.parametrize("started", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_run_that_began_outside_of_the_calendar_is_rendered(folder: Path, started: str) -> None:
    document = json.loads((folder / RUN_FILE).read_text())
    change_document(folder, host={**document["host"], "started": started})
    assert write_reports(folder).verdict is Verdict.ALTERED


def test_a_second_file_of_a_scenario_is_found_even_if_the_manifest_lists_it(folder: Path) -> None:
    path = scenario(folder, 1)
    path.with_suffix("").write_bytes(scenario_text(path)[0])
    write_manifest(folder)
    name = path.name.removesuffix(".jsonl.gz")
    assert f"{SCENARIOS}/{name}: there is more than one file of this scenario." in sentences(folder)


@pytest.mark.parametrize("said", [0, None, "no"])
def test_a_rig_that_is_no_longer_called_virtual_is_found_even_if_all_digests_were_renewed(
    folder: Path, said: object
) -> None:
    document = json.loads((folder / RUN_FILE).read_text())
    document["rig"]["virtual"] = said
    document["evidence_digest"] = evidence_digest(document)
    change_document(folder, **document)
    write_manifest(folder)
    assert any("in virtual time" in sentence for sentence in sentences(folder))
