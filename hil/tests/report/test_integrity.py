from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from hil.evidence.record import RunRecord, ScenarioRecord
from hil.evidence.store import MANIFEST_FILE, RUN_FILE, SCENARIOS
from hil.report.all_reports import write_reports
from hil.report.integrity import Statement, check, evidence_digest, seal_of


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
    return statement.sentences


def test_untouched_run_is_sound_and_its_digest_can_be_computed_anew(folder: Path) -> None:
    record = RunRecord.load(folder)
    assert check_of(folder).sound
    assert evidence_digest(map(seal_of, record.scenarios)) == record.document["evidence_digest"]


def test_the_digest_of_the_lines_is_that_of_their_events(folder: Path) -> None:
    scenarios = RunRecord.load(folder).scenarios
    from_events = [ScenarioRecord(scenario.name, scenario.events) for scenario in scenarios]
    assert [seal_of(scenario).digest for scenario in from_events] == [scenario.digest for scenario in scenarios]


def test_events_written_in_another_form_still_have_the_recorded_digest(folder: Path) -> None:
    for path in (folder / SCENARIOS).iterdir():
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
        path.write_text("".join(json.dumps(line, indent=None) + "\n" for line in lines), encoding="utf-8")
    assert not any("evidence digest" in line for line in sentences(folder))
    (folder / MANIFEST_FILE).write_text(json.dumps(_sums(folder)))
    assert check_of(folder).sound


def test_writing_the_reports_again_does_not_count_as_altering_the_evidence(folder: Path) -> None:
    for name in ("report.html", "junit.xml"):
        (folder / name).write_text("an older rendering")
    sums = json.loads((folder / MANIFEST_FILE).read_text())
    (folder / MANIFEST_FILE).write_text(json.dumps({**sums, "report.html": "0" * 64, "junit.xml": "0" * 64}))
    assert write_reports(folder).integrity.sound
    assert check_of(folder).sound


def test_altered_event_is_found_by_the_manifest_and_by_the_digest(folder: Path) -> None:
    path = next((folder / SCENARIOS).glob("0001*"))
    path.write_text(path.read_text(encoding="utf-8").replace('"power_W":1300', '"power_W":1200', 1), encoding="utf-8")
    by_manifest, by_digest = sentences(folder)
    assert by_manifest.startswith(f"{SCENARIOS}/{path.name} does not have the SHA-256 sum of the manifest")
    assert "evidence digest" in by_digest


def test_event_altered_together_with_its_sum_is_still_found_by_the_digest(folder: Path) -> None:
    path = next((folder / SCENARIOS).glob("0003*"))
    path.write_text(path.read_text(encoding="utf-8").replace("inconclusive", "pass"), encoding="utf-8")
    record = RunRecord.load(folder)
    (folder / MANIFEST_FILE).write_text(json.dumps(_sums(folder)))
    assert sentences(folder) == [
        "The evidence digest computed anew from the recorded events is not the one that was recorded."
    ]
    assert record.scenarios[2].verdict == "pass"


def test_scenario_that_was_added_after_the_run_is_named(folder: Path) -> None:
    source = next((folder / SCENARIOS).glob("0001*"))
    shutil.copy(source, folder / SCENARIOS / "0009-added.jsonl")
    assert "scenarios/0009-added.jsonl is not in the manifest: it was added after the run." in sentences(folder)


def test_file_that_is_gone_is_named(folder: Path) -> None:
    next((folder / SCENARIOS).glob("0002*")).unlink()
    assert any("0002-underpays-by-one-satoshi.jsonl does not have" in line for line in sentences(folder))


@pytest.mark.parametrize("text", ["{", "[]", "3", None])
def test_unusable_manifest_is_said_and_stops_nothing(folder: Path, text: str | None) -> None:
    manifest = folder / MANIFEST_FILE
    manifest.unlink() if text is None else manifest.write_text(text)
    assert sentences(folder)[0].startswith(MANIFEST_FILE)


def test_run_whose_document_was_altered_is_named(folder: Path) -> None:
    document = json.loads((folder / RUN_FILE).read_text())
    (folder / RUN_FILE).write_text(json.dumps({**document, "seed": 43}))
    assert sentences(folder) == [f"{RUN_FILE} does not have the SHA-256 sum of the manifest, or is gone."]


def _sums(folder: Path) -> dict[str, str]:
    import hashlib

    files = [path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST_FILE]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
