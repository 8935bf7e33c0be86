"""The index of a laboratory's runs."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

from hil.evidence.documents import Event, Json, Kind, Verdict
from hil.evidence.record import RunRecord
from hil.evidence.store import RunWriter
from hil.history.index import CACHE_FILE, write_index
from hil.report.run_view import view_run
from hil.tests.report.conftest import NASTY


def make_run(reports: Path, name: str, *verdicts: Verdict, finished: bool = True, **document: Json) -> Path:
    """Write a run with a scenario for each verdict."""
    common: dict[str, Json] = {"id": name, "started": "2031-05-17T09:30:00Z", "seed": "7", "commit": "83b3b3a2f0c4" * 3}
    rig: Json = {"name": "bench-1", "virtual": False}
    run = RunWriter.create(reports / "runs" / name, {**common, "rig": rig, **document}, {})
    for number, verdict in enumerate(verdicts, 1):
        writer = run.scenario(number, str(number))
        writer.write(Event(Kind.START, 0.0, "bench", {"name": str(number)}, clock="wall"))
        writer.write(Event(Kind.STOP, 1.0, "bench", {"verdict": verdict.value}, clock="wall"))
        run.scenario_done(writer)
    if finished:
        run.finish(max(verdicts, default=Verdict.NOT_RUN, key=[Verdict.PASS, Verdict.FAIL].index))
        (run.folder / "report.html").write_text("the report")
    return run.folder


def rows(reports: Path) -> list[list[str]]:
    """Return the cells of the table as text."""
    page = (reports / "index.html").read_text(encoding="utf-8")
    body = page.split("<tbody>")[1].split("</tbody>")[0] if "<tbody>" in page else ""
    texts = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [
        [
            " ".join(html.unescape(re.sub(r"<[^>]*>", "", cell)).split())
            for cell in re.findall(r"<td.*?>(.*?)</td>", row)
        ]
        for row in (text.replace("\n", "") for text in texts)
    ]


def test_each_run_is_told_newest_first_with_its_link(tmp_path: Path) -> None:
    make_run(tmp_path, "20310517T093000Z-aaaaaa", Verdict.PASS, Verdict.PASS)
    make_run(tmp_path, "20310517T094000Z-000000", Verdict.PASS, Verdict.FAIL)

    page = write_index(tmp_path).read_text(encoding="utf-8")

    newest, oldest = rows(tmp_path)
    assert newest == [
        "2031-05-17 09:30:00 UTC",
        "✗ fail",
        "1 pass, 1 fail",
        "7",
        "bench-1",
        "83b3b3a2f0c4",
        "20310517T094000Z-000000",
    ]
    assert oldest[1:3] == ["✓ pass", "2 pass"]
    assert '<a href="runs/20310517T094000Z-000000/report.html">' in page


def test_a_run_that_was_killed_says_so_and_has_no_verdict(tmp_path: Path) -> None:
    make_run(tmp_path, "20310517T093000Z-aaaaaa", Verdict.PASS, finished=False)

    write_index(tmp_path)

    (row,) = rows(tmp_path)
    assert row[1:3] == ["not finished: under way, or cut off", "1 pass"]
    assert row[-1] == "20310517T093000Z-aaaaaa no report was written"


def test_a_run_whose_document_cannot_be_read_is_in_the_index(tmp_path: Path) -> None:
    (make_run(tmp_path, "20310517T093000Z-aaaaaa", Verdict.PASS) / "run.json").write_text("{")

    write_index(tmp_path)

    (row,) = rows(tmp_path)
    assert row[1] == "run.json cannot be read"


def test_no_verdict_is_milder_than_that_of_the_scenarios(tmp_path: Path) -> None:
    folder = make_run(tmp_path, "20310517T093000Z-aaaaaa", Verdict.PASS, Verdict.FAIL)
    document = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**document, "verdict": "pass"}))

    write_index(tmp_path)

    assert rows(tmp_path)[0][1] == "✗ fail"


def test_foreign_text_is_inert_and_no_script_may_run(tmp_path: Path) -> None:
    rig: Json = {"name": NASTY, "virtual": True}
    make_run(tmp_path, "20310517T093000Z-aaaaaa", Verdict.PASS, id=NASTY, seed=NASTY, commit=NASTY, rig=rig)

    page = write_index(tmp_path).read_text(encoding="utf-8")

    assert "<script" not in page
    assert not set("\u202e\x1b\u2028") & set(page)
    assert "default-src &#39;none&#39;" in page


def test_latest_is_no_run_of_its_own(tmp_path: Path) -> None:
    folder = make_run(tmp_path, "20310517T093000Z-aaaaaa", Verdict.PASS)
    (tmp_path / "runs/latest").symlink_to(folder.name)

    write_index(tmp_path)

    assert len(rows(tmp_path)) == 1


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the runs that are read from now on."""
    names: list[str] = []
    load = RunRecord.load

    def counted(folder: Path) -> RunRecord:
        names.append(folder.name)
        return load(folder)

    monkeypatch.setattr(RunRecord, "load", counted)
    return names


def test_a_run_is_read_once_and_again_only_when_its_document_has_changed(tmp_path: Path, read: list[str]) -> None:
    make_run(tmp_path, "a", Verdict.PASS)
    changed = make_run(tmp_path, "b", Verdict.PASS)
    write_index(tmp_path)
    read.clear()

    write_index(tmp_path)
    assert read == []

    document = json.loads((changed / "run.json").read_text())
    (changed / "run.json").write_text(json.dumps({**document, "verdict": "fail"}))
    write_index(tmp_path)
    assert set(read) == {"b"}
    assert [row[1] for row in rows(tmp_path)] == ["✗ fail", "✓ pass"]


def test_the_scenarios_of_few_runs_are_counted_at_once_the_newest_first(tmp_path: Path) -> None:
    for number in range(5):
        make_run(tmp_path, f"run-{number}", Verdict.PASS)

    write_index(tmp_path, at_once=2)
    assert [row[2] for row in rows(tmp_path)] == ["1 pass", "1 pass", *["not counted"] * 3]

    write_index(tmp_path, at_once=2)
    assert [row[2] for row in rows(tmp_path)] == [*["1 pass"] * 4, "not counted"]

    write_index(tmp_path, at_once=None)
    assert [row[2] for row in rows(tmp_path)] == ["1 pass"] * 5


def test_the_run_that_has_just_ended_is_not_read_again(tmp_path: Path, read: list[str]) -> None:
    folder = make_run(tmp_path, "a", Verdict.PASS, Verdict.FAIL)
    (folder / "report.html").unlink()
    ended = view_run(RunRecord.load(folder))
    read.clear()

    write_index(tmp_path, ended, at_once=0)

    assert read == ["a"], "its run.json only"
    assert rows(tmp_path)[0][1:3] == ["✗ fail", "1 pass, 1 fail"]


@pytest.mark.parametrize(
    "kept", ["", "[]", "{}", '{"version": 99}', '{"version": 1, "runs": [{"folder": 1}]}', "[" * 9_999]
)
def test_what_was_kept_and_is_not_ours_is_read_anew(tmp_path: Path, kept: str) -> None:
    make_run(tmp_path, "a", Verdict.PASS)
    (tmp_path / CACHE_FILE).write_text(kept)

    write_index(tmp_path)

    assert rows(tmp_path)[0][1] == "✓ pass"


def test_a_laboratory_without_a_run_has_an_index_that_says_so(tmp_path: Path) -> None:
    assert "There is no run yet." in write_index(tmp_path).read_text(encoding="utf-8")


def test_a_page_of_very_many_runs_is_bounded_and_counts_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hil.history.index.MOST_ROWS", 2)
    for number in range(3):
        make_run(tmp_path, f"run-{number}", Verdict.PASS)

    page = write_index(tmp_path).read_text(encoding="utf-8")

    assert len(rows(tmp_path)) == 2
    assert "1 older run: see the folder runs beside this page." in page
