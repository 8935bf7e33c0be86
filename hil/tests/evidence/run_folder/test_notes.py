"""Notes on a run: each follows from what stands before it, so that none can be changed unseen."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hil.cli.main import main
from hil.errors import ConfigurationError, ExitCode, RigFault
from hil.evidence.documents import Verdict
from hil.evidence.run_folder.files import NOTES_FILE
from hil.evidence.run_folder.notes import LONGEST_NOTE, add_note, note_faults, read_notes
from hil.evidence.store import RunWriter
from hil.report.all_reports import read_run, write_reports


@pytest.fixture
def run(tmp_path: Path) -> Path:
    writer = RunWriter.create(tmp_path / "run", {"seed": "1"}, {})
    writer.finish(Verdict.PASS)
    return writer.folder


def test_notes_are_read_in_their_order_with_who_and_when(run: Path) -> None:
    add_note(run, " K1 was loud. ", "Ann Example")
    add_note(run, "Replaced K1.\nNoted in the log of the rig.", "Bob Example")
    notes = read_notes(run)
    assert [(note.who, note.text) for note in notes] == [
        ("Ann Example", "K1 was loud."),
        ("Bob Example", "Replaced K1.\nNoted in the log of the rig."),
    ]
    assert all(note.at.endswith("+00:00") for note in notes)
    assert list(note_faults(run)) == []


def test_a_note_leaves_the_evidence_sound_and_stands_in_the_report(run: Path) -> None:
    add_note(run, "K1 was loud <b>", "Ann Example")
    view = write_reports(run)
    assert view.integrity.sound
    assert "K1 was loud &lt;b&gt;" in (run / "report.html").read_text(encoding="utf-8")


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_each_changed_byte_of_a_note_is_noticed(run: Path, data: st.DataObject) -> None:
    path = run / NOTES_FILE
    if not path.exists():
        for text in ("one", "two", "three"):
            add_note(run, text, "Ann Example")
    good = path.read_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    changed = bytearray(good)
    changed[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(changed)
    try:
        assert list(note_faults(run))
    finally:
        path.write_bytes(good)


@pytest.mark.parametrize(("old", "new"), [(b"loud", b"lout"), (b"Ann", b"Bob"), (b"T", b"t")])
def test_the_last_note_cannot_be_changed_unseen(run: Path, old: bytes, new: bytes) -> None:
    add_note(run, "K1 was loud", "Ann Example")
    path = run / NOTES_FILE
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    assert list(note_faults(run)) == ["notes.jsonl:1 is no note: it was changed."]
    assert read_run(run).verdict is Verdict.ALTERED


@pytest.mark.parametrize("order", [(1, 0, 2), (1, 2), (0, 2), (0, 0, 1, 2)])
def test_a_note_that_was_moved_taken_out_or_doubled_is_noticed(run: Path, order: tuple[int, ...]) -> None:
    for text in ("one", "two", "three"):
        add_note(run, text, "Ann Example")
    lines = (run / NOTES_FILE).read_bytes().splitlines(keepends=True)
    (run / NOTES_FILE).write_bytes(b"".join(lines[each] for each in order))
    assert list(note_faults(run))
    assert read_run(run).verdict is Verdict.ALTERED
    with pytest.raises(ConfigurationError, match="does not follow what stands before it"):
        add_note(run, "four", "Ann Example")


def test_a_note_that_the_disk_takes_only_in_part_leaves_those_before_and_the_run_sound(run: Path) -> None:
    add_note(run, "one", "Ann Example")
    good = (run / NOTES_FILE).read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(good) + 50, hard))
    try:
        with pytest.raises(RigFault):
            add_note(run, "two", "Ann Example")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (run / NOTES_FILE).read_bytes() == good
    assert read_run(run).integrity.sound


def test_a_run_that_was_never_finished_takes_no_notes(tmp_path: Path) -> None:
    folder = RunWriter.create(tmp_path / "run", {}, {}).folder
    with pytest.raises(ConfigurationError, match="only a finished run takes notes"):
        add_note(folder, "text", "Ann Example")


@pytest.mark.parametrize(
    ("text", "who"), [(" ", "Ann"), ("text", ""), ("x" * (LONGEST_NOTE + 1), "Ann"), ("\udcff", "Ann")]
)
def test_an_empty_or_endless_note_is_refused(run: Path, text: str, who: str) -> None:
    with pytest.raises(ConfigurationError):
        add_note(run, text, who)
    assert not (run / NOTES_FILE).exists()


def test_the_command_adds_a_note_and_writes_the_reports_anew(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["note", str(run), "Seen at the bench", "--who", "Ann Example"]) == ExitCode.PASS
    assert capsys.readouterr().out.strip() == str(run / "report.html")
    assert "Seen at the bench" in (run / "report.html").read_text(encoding="utf-8")
    assert main(["evidence", "verify", str(run)]) == ExitCode.PASS
