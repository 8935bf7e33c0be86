"""Evidence of older versions is read, rendered and checked as it was when it was recorded.

``fixtures/data/runs/version-1`` was recorded by the version before compressed files: plain JSON lines, one digest over
the scenarios, a manifest that is a list of sums.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from hil.evidence.documents import Kind, Verdict
from hil.evidence.record import RunRecord
from hil.evidence.run_folder.digests import observations_digest
from hil.report.all_reports import read_run, write_reports

OLD = Path(__file__).parents[3] / "fixtures/data/runs/version-1"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return Path(shutil.copytree(OLD, tmp_path / "run"))


def test_a_run_of_version_1_is_read_with_its_verdicts_and_is_sound(old: Path) -> None:
    run = write_reports(old)
    assert run.verdict is Verdict.PASS
    assert [scenario.verdict for scenario in run.scenarios] == [Verdict.PASS, Verdict.NOT_APPLICABLE]
    assert run.integrity.sound
    assert "no digest covers run.json" in run.integrity.sentences[1]
    assert "A cable makes its first payment within the budget" in (old / "report.html").read_text()


def test_the_events_of_version_1_are_read_to_their_end() -> None:
    first, _ = RunRecord.load(OLD).scenarios
    lines = next((OLD / "scenarios").glob("0001*")).read_text().splitlines()
    assert len(first.events) == len(lines)
    assert first.events[-1].kind is Kind.STOP
    assert first.name == "0001-a-cable-makes-its-first-payment-within-the-budget"


def test_the_digest_of_version_1_is_the_observations_digest_of_later_versions() -> None:
    record = RunRecord.load(OLD)
    digests = {f"{scenario.name}.jsonl.gz": str(scenario.digest) for scenario in record.scenarios}
    assert observations_digest(digests) == record.document["evidence_digest"]


@pytest.mark.parametrize("name", ["run.json", "scenarios/0001-a-cable-makes-its-first-payment-within-the-budget.jsonl"])
def test_a_changed_file_of_version_1_is_named(old: Path, name: str) -> None:
    path = old / name
    path.write_text(path.read_text().replace("0.1", "0.2", 1))
    run = read_run(old)
    assert run.verdict is Verdict.ALTERED
    assert f"{name} does not have the SHA-256 sum of the manifest: it was changed." in run.integrity.sentences


def test_a_run_of_version_2_does_not_pass_as_one_of_version_1(finished_run: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finished_run, tmp_path / "run"))
    path = folder / "run.json"
    document = json.loads(path.read_text())
    del document["evidence_version"]
    path.write_text(json.dumps({**document, "evidence_digest": document["observations_digest"]}))
    assert (
        "run.json does not have its recorded evidence digest: it was changed." in read_run(folder).integrity.sentences
    )
