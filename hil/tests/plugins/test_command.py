"""``hil plugins``, and what a broken plug-in does to commands that do not need it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from hil.cli.main import main
from hil.errors import ExitCode
from hil.plugins.registry import OWN
from hil.tests.acceptance.commands import ROOT
from hil.tests.plugins.installed import distribution

TABLE = """\
[tool.hil]
rig = "rigs/virtual.yaml"

[tool.hil.plugins]
meters = {acme9000 = "lab_broken:Acme"}
virtual_loads = {broken_twin = "lab_broken:Acme"}
"""

FEATURE = """\
Feature: Ours
  Scenario: It stays off
    Given the socket is under test in single-fee mode
    And the load draws 100 W
    When the devices are switched on
    Then no power flowed
"""


@pytest.fixture
def laboratory(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A laboratory whose one plug-in cannot be imported."""
    for name in ("rigs", "features"):
        (site / name).mkdir()
    (site / "pyproject.toml").write_text(TABLE)
    (site / "lab_broken.py").write_text("import nowhere_at_all\n")
    shutil.copy(ROOT / "rigs/virtual.yaml", site / "rigs")
    monkeypatch.chdir(site)
    return site


def test_plug_ins_are_listed_by_group_with_whence_they_come(
    laboratory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    distribution(laboratory, "acme-hil", {"hil.loads": {"dl3021": "dist_acme:Acme"}})

    assert main(["plugins"]) == ExitCode.AUTHOR_ERROR

    told = capsys.readouterr().out
    assert told.startswith("hil.meters\n  acme9000  lab_broken:Acme")
    assert (
        "pyproject.toml:5:11  broken: the plug-in 'acme9000' of hil.meters (lab_broken:Acme) cannot be loaded" in told
    )
    assert f"acme-hil 1.2  not used: {OWN} has the name, and comes first" in told
    assert f"\n  wt310e    hil.instruments.wt310e:Wt310e    {OWN}\n" in told


def test_plug_ins_are_listed_for_programs(laboratory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "--format", "json"]) == ExitCode.AUTHOR_ERROR

    first, second, *_ = json.loads(capsys.readouterr().out)
    assert first["problem"].endswith(
        f"cannot be loaded: ModuleNotFoundError: No module named 'nowhere_at_all' ({laboratory}/lab_broken.py:1)"
    )
    assert {**first, "problem": ""} == {
        "group": "hil.meters",
        "name": "acme9000",
        "reference": "lab_broken:Acme",
        "origin": "pyproject.toml:5:11",
        "state": "broken",
        "problem": "",
    }
    assert (second["name"], second["state"], second["problem"]) == ("hmc8015", "ok", "")


def test_without_a_broken_plug_in_the_list_ends_well(laboratory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (laboratory / "pyproject.toml").write_text(TABLE.partition("[tool.hil.plugins]")[0])

    assert main(["plugins"]) == ExitCode.PASS
    assert "broken" not in capsys.readouterr().out


def test_a_check_that_does_not_need_the_broken_plug_in_does_not_suffer(
    laboratory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (laboratory / "features/ours.feature").write_text(FEATURE)

    assert main(["check", "--rig", "rigs/virtual.yaml"]) == ExitCode.PASS, capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("      - VirtualBench:\n", "      - VirtualBench:\n          meter: acme9000\n", 18),
        ("PowerMeterDriver: {name: meter,", "PowerMeterDriver: {name: meter, dialect: acme9000,", 34),
        ("      - VirtualBench:\n", "      - VirtualBench:\n          load: broken_twin\n", 18),
    ],
)
def test_a_check_that_needs_it_tells_the_place_in_the_rig_file_and_the_cause(
    laboratory: Path, capsys: pytest.CaptureFixture[str], before: str, after: str, line: int
) -> None:
    rig = laboratory / "rigs/virtual.yaml"
    text = rig.read_text()
    assert text.count(before) == 1
    rig.write_text(text.replace(before, after))
    (laboratory / "features/ours.feature").write_text(FEATURE)

    assert main(["check", "--rig", "rigs/virtual.yaml"]) == ExitCode.AUTHOR_ERROR

    told = capsys.readouterr().out
    assert f"rigs/virtual.yaml:{line}:" in told
    assert re.search(r"the plug-in '\w+' of hil\.\w+ \(lab_broken:Acme\) cannot be loaded", told)
    assert "No module named 'nowhere_at_all'" in told


def test_the_dialects_that_can_be_loaded_are_listed_and_the_broken_one_is_told(
    laboratory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rig", "dialects"]) == ExitCode.PASS

    listed = capsys.readouterr()
    assert "acme9000" not in listed.out
    assert "YOKOGAWA WT310E, WT310EH" in listed.out
    assert listed.err.startswith("hil rig dialects: pyproject.toml:5:11: the plug-in 'acme9000'")
