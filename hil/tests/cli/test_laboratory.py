"""Commands in a laboratory: each heeds its [tool.hil], from any folder of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.cli.main import main

TABLE = """\
[tool.hil]
features = "trials"
steps = ["hil.steps", "own_steps_of_a_test"]
requirements = "wanted.yaml"
node = "docker"
"""

FEATURE = """\
Feature: Ours
  @REQ-OWN-1
  Scenario: A minute passes
    Given the socket is under test in single-fee mode
    And the load draws 100 W
    When the devices are switched on
    And we wait a minute
    Then no power flowed
"""

STEPS = '''\
from hil.bdd.language.catalogue import when


@when("we wait a minute")
def _() -> None:
    """A minute passes."""
'''


@pytest.fixture
def laboratory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A laboratory with other names than the defaults; the working directory is a folder in it."""
    for name in ("trials", "own_steps_of_a_test", "deep"):
        (tmp_path / name).mkdir()
    (tmp_path / "pyproject.toml").write_text(TABLE)
    (tmp_path / "trials/ours.feature").write_text(FEATURE)
    (tmp_path / "own_steps_of_a_test/__init__.py").write_text(STEPS)
    (tmp_path / "wanted.yaml").write_text("- {id: REQ-OWN-1, text: A minute passes., source: Our own}\n")
    monkeypatch.chdir(tmp_path / "deep")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delenv("NODE", raising=False)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("own_steps_of_a_test")]:
        del sys.modules[name]


def test_what_counts_is_shown_with_the_line_that_says_so(
    laboratory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config"]) == 0
    rows = {line.split()[0]: line.split(maxsplit=1)[1] for line in capsys.readouterr().out.splitlines()}

    assert rows["root"] == str(laboratory)
    assert rows["features"].split() == ["trials", f"{laboratory}/pyproject.toml:2:1"]
    assert rows["steps"].startswith("hil.steps, own_steps_of_a_test ")
    assert rows["rig"].split() == ["rigs/virtual.yaml", "default"]
    assert rows["node"].split() == ["docker", f"{laboratory}/pyproject.toml:5:1"]
    assert rows["history"].split() == ["off", "default"]
    monkeypatch.setenv("NODE", "native")
    main(["config"])
    (node,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("node")]
    assert "native" in node


def test_outside_of_a_laboratory_config_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["config"]) == 4
    assert "no laboratory here" in capsys.readouterr().err


def test_check_finds_the_features_steps_and_requirements_of_the_laboratory(
    laboratory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--coverage"]) == 0
    assert "1 of 1 requirements are covered" in capsys.readouterr().err


def test_steps_and_new_know_the_steps_of_the_laboratory(laboratory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["steps", "minute", "wait"]) == 0
    assert "When we wait a minute" in capsys.readouterr().out
    assert main(["new", "steps", "thunder"]) == 0
    assert capsys.readouterr().out == f"{laboratory}/own_steps_of_a_test/thunder.py\n"
    assert main(["new", "feature", "Thunder"]) == 0
    assert (laboratory / "trials/thunder.feature").is_file()


def test_new_steps_need_a_package_of_the_laboratory(laboratory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (laboratory / "pyproject.toml").write_text("[tool.hil]\nsteps = ['hil.steps']\n")

    assert main(["new", "steps", "thunder"]) == 4
    assert "steps names no package of this laboratory (read: hil.steps)" in capsys.readouterr().err


def test_report_writes_that_of_the_latest_run_of_the_laboratory(
    laboratory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report"]) == 4
    assert f"hil report: {laboratory}/reports/runs/latest: this is no run folder" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["check"], ["steps"]])
@pytest.mark.parametrize(("module", "why"), [("nosuch", "there is no module 'nosuch'"), ("..", "'..' is no name")])
def test_a_step_module_that_is_none_is_the_authors_error(
    capsys: pytest.CaptureFixture[str], command: list[str], module: str, why: str
) -> None:
    assert main([*command, "--steps", module]) == 4
    told = capsys.readouterr().err
    assert why in told
    assert "Name it as in 'import', from the folder of the laboratory" in told


@pytest.mark.parametrize("command", [["check"], ["steps"], ["new", "steps", "x"], ["config"], ["pairs"], ["report"]])
def test_a_wrong_table_is_the_authors_error_of_every_command(
    laboratory: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    (laboratory / "pyproject.toml").write_text("[tool.hil]\nstep = ['steps']\n")

    assert main(command) == 4
    assert f"{laboratory}/pyproject.toml:2:1: 'step' is not known" in capsys.readouterr().err
