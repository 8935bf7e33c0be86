from __future__ import annotations

import gc
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hil.errors import RigFault
from hil.evidence import record as evidence
from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.record import ScenarioRecord, read_scenario
from hil.report.all_reports import read_run, write_elsewhere, write_files, write_reports
from hil.report.summary import slowest_steps, summary_lines
from hil.tests.report.conftest import MakeRun, not_applicable, toast, underpayment


@dataclass
class Reads:
    """Which scenario files were read, in order, and how many readings of the earlier ones were still held each time."""

    names: list[str] = field(default_factory=list)
    held: list[int] = field(default_factory=list)
    readings: int = 0
    """How many were read in all."""
    others: int = field(default_factory=lambda: _readings_in_memory())
    """Readings that something else holds."""

    def still_held(self) -> int:
        return _readings_in_memory() - self.others


def _readings_in_memory() -> int:
    gc.collect()
    return sum(type(each) is Event and each.kind is Kind.READING for each in gc.get_objects())


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    reads = Reads()

    def read(path: Path) -> ScenarioRecord:
        reads.held.append(reads.still_held())
        scenario = read_scenario(path)
        reads.names.append(path.name[:4])
        reads.readings += sum(1 for _ in scenario.of(Kind.READING))
        return scenario

    monkeypatch.setattr(evidence, "read_scenario", read)
    return reads


def test_all_reports_and_the_summary_read_a_scenario_once_and_hold_no_other_meanwhile(
    make_run: MakeRun, reads: Reads
) -> None:
    folder = make_run(toast, underpayment, not_applicable, verdict=Verdict.FAIL)

    run = write_reports(folder)
    told = [*summary_lines(run), *slowest_steps(run, 3)]

    assert reads.names == ["0001", "0002", "0004"]
    assert reads.readings == 2704 + 800
    assert reads.held == [0, 0, 0]
    assert reads.still_held() == 0
    assert "3 scenarios: 1 pass, 1 fail, 1 not applicable" in told
    assert (folder / "report.html").read_text(encoding="utf-8").count('type="application/deflate" id="data-') == 3
    assert not list(folder.glob("*.tmp"))


def test_nothing_of_a_scenario_is_kept_by_the_record_of_the_run(finished_run: Path, reads: Reads) -> None:
    record = evidence.RunRecord.load(finished_run)
    assert not reads.names
    assert [scenario.name[:4] for scenario in record.scenarios[1:3]] == ["0002", "0003"]
    assert record.scenarios[-1].name.startswith("0004")
    assert reads.names == ["0002", "0003", "0004"]
    assert reads.still_held() == 0


def test_a_report_that_the_run_folder_does_not_take_is_written_elsewhere_and_the_other_one_there(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_run(toast, verdict=Verdict.PASS)
    (folder / "report.html").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    run = read_run(folder)
    with pytest.raises(RigFault, match=r"report\.html: evidence cannot be written"):
        write_files(run)
    elsewhere = write_elsewhere(run)

    assert (folder / "junit.xml").is_file()
    assert not list(folder.glob("*.tmp"))
    assert elsewhere.parent == tmp_path
    assert {path.name for path in elsewhere.iterdir()} == {"report.html", "junit.xml"}


def test_what_befell_the_run_is_an_error_of_its_own_in_junit(make_run: MakeRun) -> None:
    document = {"befell": [{"verdict": "rig fault", "why": "the disk is full"}]}
    folder = make_run(toast, verdict=Verdict.RIG_FAULT, document=document)
    write_reports(folder)

    junit = (folder / "junit.xml").read_text(encoding="utf-8")
    assert '<error message="rig fault: the disk is full" type="rig fault"' in junit
