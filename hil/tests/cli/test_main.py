"""The command ``hil``: what it says and with which code it ends. Whole runs are in hil/tests/acceptance."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from hil import __version__
from hil.cli.main import main
from hil.errors import ExitCode
from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.store import RunWriter
from hil.instruments.dialects import LOADS, METERS
from hil.report import all_reports

ROOT = Path(__file__).parents[3]

WRONG = """\
Feature: Wrong
  Scenario: One
    Given the socket is under test in single-fee mode
    When the devices are swiched on
"""


def ended(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(str(caught.value.code or 0))


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(["--version"]) == 0
    assert capsys.readouterr().out == f"hil {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "required"),
        (["tost"], "invalid choice: 'tost'"),
        (["check", "--wrong"], "unrecognized arguments: --wrong"),
        (["check", "--no-rig", "--rig", "x.yaml"], "argument --rig: not allowed with argument --no-rig"),
        (["run", "--seed", "seven"], "invalid int value: 'seven'"),
        (["node", "sideways"], "invalid choice: 'sideways'"),
    ],
)
def test_a_wrong_command_line_is_the_authors_error(
    capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert ended(arguments) == 4
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["run"], ["check"], ["steps"], ["new"], ["node"], ["vbench"], ["report"]])
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    assert ended([*command, "--help"]) == 0
    assert "usage: hil" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "argument"),
    [
        (["run", "--rig", ""], "rig"),
        (["run", "--requirement", "REQ-BOOT-1", "--requirement="], "requirement"),
        (["fleet", "up", "3", "--rig", ""], "rig"),
        (["fleet", "status", "--coordinator", " "], "coordinator"),
        (["report", ""], "run"),
        (["check", ""], "paths"),
    ],
)
def test_an_argument_whose_variable_is_not_set_is_the_authors_error_and_not_taken_for_the_default(
    capsys: pytest.CaptureFixture[str], words: list[str], argument: str
) -> None:
    assert main(words) == ExitCode.AUTHOR_ERROR
    assert f"hil {words[0]}: {argument}: the value is empty; see whether a variable" in capsys.readouterr().err


def test_what_cannot_have_a_pty_is_refused_in_the_words_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vbench", "up", "--pty", "cable-lnk"]) == ExitCode.AUTHOR_ERROR
    told = capsys.readouterr().err
    assert told.startswith("hil vbench: --pty: 'cable-lnk' cannot have a PTY; known: cable-console, cable-link, load, ")
    assert told.endswith("Did you mean 'cable-link'?\n")
    assert "usage" not in told


@pytest.mark.parametrize("number", ["0", "-1"])
def test_a_campaign_has_at_least_one_trial_at_a_time(capsys: pytest.CaptureFixture[str], number: str) -> None:
    assert main(["qualify", "--jobs", number]) == ExitCode.AUTHOR_ERROR
    assert f"hil qualify: --jobs: {number} trials at a time are none; 1 or more" in capsys.readouterr().err


def test_every_instrument_that_has_a_driver_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rig", "dialects"]) == 0
    lines = capsys.readouterr().out.splitlines()
    meters, loads = METERS.names(), LOADS.names()
    assert [line.split()[:2] for line in lines] == [
        *(["meter", name] for name in meters),
        ["meter", "on"],
        *(["load", name] for name in loads),
        ["load", "on"],
    ]
    assert all(any(model in line for line in lines) for model in (*METERS.titles(), *LOADS.titles()))
    assert lines[len(meters)].endswith("hmc8015, wt310e")


def test_check_passes_the_features_of_the_project(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)

    assert main(["check", "--rig", "rigs/virtual.yaml"]) == 0
    assert capsys.readouterr().err == "0 mistakes\n"


def test_check_holds_the_features_against_the_rig_of_the_laboratory_and_says_which(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)

    assert main(["check", "features/toast.feature"]) == 0
    expected = "held against rigs/virtual.yaml, the rig of [tool.hil]; --rig FILE takes another, --no-rig none\n"
    assert capsys.readouterr().err == f"0 mistakes\n{expected}"


BEYOND_THE_RIG = """\
Feature: A kiln
  Scenario: It draws too much
    Given the socket is under test in single-fee mode
    And the load draws 9 kW
    When the devices are switched on
    And the session has ended
    Then no power flowed
"""


def test_a_check_finds_what_the_default_rig_cannot_do_unless_it_is_told_to_take_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    feature = tmp_path / "kiln.feature"
    feature.write_text(BEYOND_THE_RIG)

    assert main(["check", str(feature)]) == 4
    assert "9000 W is outside what rig 'virtual' can draw" in capsys.readouterr().out
    assert main(["check", str(feature), "--no-rig"]) == 0
    assert capsys.readouterr().err == "0 mistakes\n"


def test_a_check_without_any_rig_file_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("kiln.feature").write_text(BEYOND_THE_RIG)

    assert main(["check", "kiln.feature"]) == 0
    told = "not held against a rig: there is no rigs/virtual.yaml; --rig FILE names one\n"
    assert capsys.readouterr().err == f"0 mistakes\n{told}"


def test_a_rig_that_the_laboratory_names_and_does_not_have_is_its_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text('[tool.hil]\nrig = "rigs/bench.yaml"\n')
    Path("kiln.feature").write_text(BEYOND_THE_RIG)

    assert main(["check", "kiln.feature"]) == 4
    assert "rigs/bench.yaml:1:1: the rig file cannot be read" in capsys.readouterr().out


def test_check_tells_each_mistake_with_file_line_and_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wrong.feature").write_text(WRONG)

    assert main(["check", "wrong.feature"]) == 4

    told = capsys.readouterr()
    assert told.out.startswith("wrong.feature:4:10: ")
    assert "the devices are switched on" in told.out
    assert told.err == "1 mistake\n"


def test_check_tells_that_a_rig_file_is_no_yaml(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "bench.yaml"
    path.write_text("targets: [\n")

    assert main(["check", "--rig", str(path)]) == 4
    assert f"hil check: {path}:2:1: this is no YAML" in capsys.readouterr().err


def test_check_of_a_folder_that_is_not_there_is_the_authors_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "nowhere/at/all"]) == 4
    assert "nowhere/at/all: there is no such file or folder" in capsys.readouterr().err


def test_coverage_fails_for_a_requirement_that_no_scenario_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "features").mkdir()
    feature = WRONG.replace("swiched", "switched") + "    Then no power flowed\n"
    Path("features/one.feature").write_text(feature)
    Path("features/requirements.yaml").write_text("- {id: REQ-PAY-1, text: It pays., source: Slides}\n")

    assert main(["check", "--coverage"]) == 4
    told = capsys.readouterr()
    assert told.out == (
        "features/one.feature:2:3: note: 'One' names no requirement\n"
        "features/requirements.yaml:1:4: no scenario shows REQ-PAY-1: It pays. (Slides). Tag one with @REQ-PAY-1\n"
    )
    assert told.err == "1 mistake\n0 of 1 requirements are covered\n"

    Path("features/one.feature").write_text("@REQ-PAY-1\n" + feature)
    assert main(["check", "--coverage"]) == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "0 mistakes\n1 of 1 requirements are covered\n")


def test_check_tells_other_programs_in_their_formats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wrong.feature").write_text(WRONG)

    assert main(["check", "wrong.feature", "--format", "json"]) == 4
    (problem,) = json.loads(capsys.readouterr().out)
    assert (problem["rule"], problem["line"], problem["column"]) == ("undefined-step", 4, 10)

    assert main(["check", "wrong.feature", "--format", "sarif"]) == 4
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert result["ruleId"] == "undefined-step"


def test_steps_are_listed_searched_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["steps", "toaster", "plugged"]) == 0
    assert "Given a toaster of {power} is plugged into the cable" in capsys.readouterr().out

    page = tmp_path / "steps.md"
    assert main(["steps", "--format", "markdown", "--output", str(page)]) == 0
    assert page.read_text(encoding="utf-8").startswith("# Steps\n")

    assert main(["steps", "--output", str(tmp_path / "nowhere" / "steps.md")]) == 4
    assert "steps.md: cannot be written: No such file or directory" in capsys.readouterr().err

    assert main(["steps", "no-such-word"]) == 5
    assert capsys.readouterr().err == "no step has 'no-such-word'\n"


def test_a_new_feature_is_written_into_the_project_and_has_no_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("features", "rigs", "hil/steps"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)

    assert main(["new", "feature", "A kettle"]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/features/a-kettle.feature\n"
    assert main(["check"]) == 0
    assert main(["new", "feature", "A kettle"]) == 4
    assert main(["new", "steps", "thunder"]) == 0
    assert (tmp_path / "hil/steps/thunder.py").is_file()


def test_report_writes_the_report_anew_and_tells_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = RunWriter.create(tmp_path / "run", {"id": "r", "seed": "1"}, {})
    scenario = run.scenario(1, "slice")
    scenario.write(Event(Kind.START, 0.0, "bench", {"name": "slice"}))
    scenario.write(Event(Kind.STOP, 1.0, "bench", {"verdict": "pass"}))
    run.scenario_done(scenario)
    run.finish(Verdict.PASS)

    assert main(["report", str(tmp_path / "run")]) == 0

    assert capsys.readouterr().out.strip() == str(tmp_path / "run" / "report.html")
    assert "slice" in (tmp_path / "run" / "report.html").read_text()
    assert (tmp_path / "run" / "junit.xml").is_file()


@pytest.mark.parametrize("content", [None, b"{", b"\xff\xfe"])
def test_report_of_what_is_no_run_folder_is_the_authors_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "run.json").write_bytes(content)

    assert main(["report", str(tmp_path)]) == 4
    assert f"hil report: {tmp_path}: this is no run folder" in capsys.readouterr().err


def test_no_standing_node_is_told_with_the_way_to_have_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HIL_CACHE", str(tmp_path))

    assert main(["node", "info"]) == 5
    assert capsys.readouterr().out == "no node is up; start one with: hil node up\n"


@pytest.mark.parametrize("command", ["check", "steps"])
@pytest.mark.parametrize("module", ["nosuch", "hil.bdd.nosuch", "nosuch.deeper"])
def test_a_module_of_steps_that_is_not_there_is_the_authors_mistake(
    capsys: pytest.CaptureFixture[str], command: str, module: str
) -> None:
    assert main([command, "--steps", module]) == 4
    assert f"there is no module '{module}' with steps" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["null", "[]", "3", '"run"', "{", "[" * 100_000, ""])
def test_a_folder_whose_run_json_is_no_object_is_no_run_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (tmp_path / "run.json").write_text(text, encoding="utf-8")

    assert main(["report", str(tmp_path)]) == 4
    assert "this is no run folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ZeroDivisionError("x"), 3, "framework error: hil/tests/cli/test_main.py:"),
        (RecursionError(), 3, "framework error: "),
        (OSError(errno.ENOSPC, "No space left on device"), 7, "rig fault: this machine lacks something: No space left"),
        (PermissionError(errno.EACCES, "Permission denied", "x"), 7, "rig fault: x: this machine lacks something"),
        (MemoryError(), 7, "rig fault: this machine lacks something: memory has run out"),
        (KeyboardInterrupt(), 2, ""),
    ],
)
def test_no_command_ends_with_a_traceback_or_with_the_code_of_a_device(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    error: BaseException,
    code: int,
    words: str,
) -> None:
    def fail(folder: Path) -> None:
        raise error

    monkeypatch.setattr(all_reports, "read_run", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("hil.cli.runs.report._report", lambda options, rest: all_reports.write_reports(tmp_path))

    assert main(["report"]) == code
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said
    assert said.count("\n") <= 1
    assert (f"{tmp_path}/hil-error-" in said) is (code == 3)


def test_a_report_that_cannot_be_written_is_the_laboratorys_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    RunWriter.create(tmp_path / "run", {}, {})
    (tmp_path / "run" / "report.html").mkdir()

    assert main(["report", str(tmp_path / "run")]) == 7
    assert "report.html: evidence cannot be written: Is a directory" in capsys.readouterr().err


def test_who_has_a_key_and_no_certificate_is_told_how_to_make_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--certificate", "--key", "ann.pem"]) == 4
    assert "openssl req -x509 -key ann.pem -days 365 -subj '/CN=YOUR NAME' -out FILE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        (["--key", "k.pem"], "--certificate or --pdf and --key-certificate FILE"),
        (["--certificate", "--key", "k.pem"], "--key-certificate FILE"),
        (["--certificate", "--time-stamps", "https://tsa.example/"], "--key FILE and --key-certificate FILE"),
    ],
)
def test_half_a_signature_is_refused_before_anything_is_written(
    capsys: pytest.CaptureFixture[str], options: list[str], missing: str
) -> None:
    assert main(["report", *options]) == 4
    assert f"also needs {missing}" in capsys.readouterr().err
