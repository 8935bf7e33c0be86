"""``hil evidence``, ``hil sign`` and ``hil verify`` on a run folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from hil.cli.main import main
from hil.errors import ExitCode
from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.store import RunWriter

HOSTILE = "\x1b[31mred\u202e"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run = RunWriter.create(tmp_path / "run", {"id": "r", "seed": "1"}, {})
    for number, name in enumerate(("one slice", "two slices"), 1):
        writer = run.scenario(number, name)
        writer.write(Event(Kind.START, 0.0, "bench", {"name": name}))
        for tick in range(5):
            writer.write(Event(Kind.READING, tick / 10, "meter", {"power_W": 1300.0 + tick}))
        writer.write(Event(Kind.CONSOLE, 1.0, "socket", {"text": f"Hello {HOSTILE}"}, host={"wall": "12:00"}))
        writer.write(Event(Kind.STOP, 2.0, "bench", {"verdict": "pass", "reason": ""}))
        run.scenario_done(writer)
    run.finish(Verdict.PASS)
    return run.folder


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_show_prints_each_event_under_its_scenario(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evidence", "show", str(folder)]) == 0
    lines = said(capsys)
    assert len(lines) == 18
    assert lines[0] == "✓ 0001-one-slice: pass, 8 events"
    assert lines[2].split() == ["0.000", "s", "reading", "meter", "power_W:", "1300.0"]


def test_foreign_text_is_harmless_on_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evidence", "grep", "hello", str(folder), "1"]) == 0
    (_, line) = said(capsys)
    assert line.isprintable()
    assert "Hello ⟨U+001B⟩[31mred⟨U+202E⟩" in line


@pytest.mark.parametrize("scenario", ["2", "0002", "two", "0002-two"])
def test_a_scenario_is_named_by_its_number_or_how_it_begins(
    folder: Path, capsys: pytest.CaptureFixture[str], scenario: str
) -> None:
    assert main(["evidence", "show", str(folder), scenario, "--kind", "stop"]) == 0
    assert said(capsys)[0] == "✓ 0002-two-slices: pass, 8 events"


def test_events_are_chosen_by_kind_source_and_time(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evidence", "show", str(folder), "1", "--source", "meter", "--from", "0.1", "--until", "0.3"]) == 0
    assert [line.split()[-1] for line in said(capsys)[1:]] == ["1301.0", "1302.0", "1303.0"]


def test_json_lines_are_those_of_the_evidence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evidence", "show", str(folder), "1", "--json", "--kind", "console"]) == 0
    (line,) = said(capsys)
    assert json.loads(line)["data"] == {"text": f"Hello {HOSTILE}"}
    assert json.loads(line)["host"] == {"wall": "12:00"}


def test_nothing_found_has_a_code_of_its_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evidence", "grep", "no such words", str(folder)]) == ExitCode.NOTHING_RUN
    assert capsys.readouterr().err == "no event was found\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "{run}", "threee"], "there is no scenario 'threee'; known: 0001-one-slice, 0002-two-slices"),
        (["show", "{run}", "--kind", "framee"], "'framee' is no kind of event; known: attachment"),
        (["grep", "(", "{run}"], "'(' is no regular expression"),
        (["show", "{run}/nowhere"], "this is no run folder"),
        (["verify", "{run}/nowhere"], "this is no run folder"),
    ],
)
def test_a_mistake_is_told_with_what_is_allowed(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["evidence", *(each.format(run=folder) for each in arguments)]) == ExitCode.AUTHOR_ERROR
    assert words in capsys.readouterr().err


def test_verify_ends_with_0_for_what_was_recorded_and_with_8_for_anything_else(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evidence", "verify", str(folder)]) == 0
    next((folder / "scenarios").glob("0002*")).unlink()
    capsys.readouterr()
    assert main(["evidence", "verify", str(folder)]) == ExitCode.EVIDENCE_ALTERED
    assert said(capsys)[0] == "scenarios/0002-two-slices.jsonl.gz is gone: it was removed after the run."
    assert main(["report", str(folder)]) == ExitCode.EVIDENCE_ALTERED
    assert "≠ evidence altered  scenarios/0002-two-slices" in capsys.readouterr().err


def test_a_report_that_was_changed_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(folder)]) == 0
    assert main(["evidence", "verify", str(folder)]) == 0
    path = folder / "report.html"
    path.write_text(path.read_text().replace("pass", "fail", 1))
    capsys.readouterr()
    assert main(["evidence", "verify", str(folder)]) == ExitCode.EVIDENCE_ALTERED
    assert said(capsys) == ["report.html is not as hil wrote it. hil report writes it again."]
    assert main(["report", str(folder)]) == 0
    assert main(["evidence", "verify", str(folder)]) == 0


@pytest.mark.parametrize("name", ["event", "run", "manifest"])
def test_a_schema_is_printed_as_json(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main(["evidence", "schema", name]) == 0
    assert json.loads(capsys.readouterr().out)["title"].lower() == name


def test_export_writes_files_and_names_them(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out"
    assert main(["evidence", "export", str(folder), "two", "--output", str(output)]) == 0
    assert said(capsys) == [str(output / "0002-two-slices.mcap")]


def test_a_run_is_signed_and_verified(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "ann.pem"
    assert main(["keygen", str(key)]) == 0
    public = said(capsys)[0]
    assert main(["verify", str(folder), "--key", public]) == ExitCode.EVIDENCE_ALTERED
    assert main(["sign", str(folder), "--key", str(key)]) == 0
    capsys.readouterr()
    assert main(["verify", str(folder), "--key", public]) == 0
    signed, sound = said(capsys)
    assert signed == "The manifest is signed by the key in ann.pem.pub."
    assert sound.startswith("Every file of the run folder has the SHA-256 sum of its manifest")
    assert main(["evidence", "verify", str(folder)]) == 0
    assert said(capsys) == [sound, "manifest.json.sig is not checked here: hil verify RUN --key FILE does that."]


def test_altered_evidence_is_not_signed(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "ann.pem"
    main(["keygen", str(key)])
    shutil.copy(folder / "run.json", folder / "more.json")
    assert main(["sign", str(folder), "--key", str(key)]) == ExitCode.EVIDENCE_ALTERED
    assert capsys.readouterr().err.splitlines()[-1] == "It was not signed."
    assert not (folder / "manifest.json.sig").exists()


@pytest.mark.parametrize("command", ["verify", "report"])
def test_the_name_of_a_file_that_was_added_is_harmless_on_the_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (folder / "a\n::error::x\x1b[31m\udcff").write_bytes(b"")
    words = ["evidence", "verify"] if command == "verify" else ["report"]
    assert main([*words, str(folder)]) == ExitCode.EVIDENCE_ALTERED
    told = "".join(capsys.readouterr())
    assert "a ::error::x⟨U+001B⟩[31m⟨U+DCFF⟩ is not in the manifest" in told
