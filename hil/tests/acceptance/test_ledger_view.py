"""A view of the ledger of a laboratory's own, with the wheel in a fresh environment."""

from __future__ import annotations

import json

import pytest

from hil.errors import ExitCode
from hil.tests.acceptance.installed import Laboratory
from hil.tests.docs.follow import ROOT, blocks

PAGE = ROOT / "docs/how-to/add-a-ledger-view.md"
VIEW, RIG, FEATURE = "views/patient.py", "rigs/virtual.yaml", "features/patient.feature"
COIN = "return self._patiently(lambda: self._node.coin(outpoint))"


def text(laboratory: Laboratory, name: str) -> str:
    return (laboratory.folder / name).read_text(encoding="utf-8")


def change(laboratory: Laboratory, name: str, old: str, new: str) -> None:
    before = text(laboratory, name)
    assert before.count(old) == 1
    laboratory.write(name, before.replace(old, new))


@pytest.fixture
def patient(laboratory: Laboratory) -> Laboratory:
    """A laboratory with the view of the page, which its virtual bench offers."""
    for block in blocks(PAGE):
        if name := block.value("file"):
            laboratory.write(name, block.text)
        elif block.value("append"):
            laboratory.write("pyproject.toml", f"{text(laboratory, 'pyproject.toml')}\n{block.text}")
    change(laboratory, RIG, "ledger_views: [node, spv, api]", "ledger_views: [node, spv, api, patient]")
    return laboratory


def test_a_scenario_passes_with_a_view_of_the_laboratory_s_own(patient: Laboratory) -> None:
    rows = json.loads(patient.passes("plugins", "--format", "json"))
    assert [row["state"] for row in rows if row["name"] == "patient"] == ["ok"]
    assert "0 mistakes" in patient.passes("check", "--rig", RIG)
    assert "1 scenario: 1 pass" in patient.passes("run", FEATURE, "--seed", "7")


def test_the_socket_sees_what_that_view_shows_and_nothing_else(patient: Laboratory) -> None:
    change(patient, VIEW, COIN, "return None")

    done = patient.hil("run", FEATURE, "--seed", "7")

    assert done.returncode == ExitCode.DEVICE_FAILURE, done.stdout


def test_an_error_in_the_view_is_not_put_down_to_the_device(patient: Laboratory) -> None:
    change(patient, VIEW, COIN, "return {}[outpoint]")

    done = patient.hil("run", FEATURE, "--seed", "7")

    assert done.returncode == ExitCode.RIG_FAULT, done.stdout
    assert "the plug-in 'patient' of hil.ledger_views failed: KeyError" in done.stdout


def test_a_misspelt_view_is_told_with_the_nearest(patient: Laboratory) -> None:
    change(patient, FEATURE, "by patient", "by patien")

    done = patient.hil("check")

    assert done.returncode == ExitCode.AUTHOR_ERROR, done.stdout
    assert f"{FEATURE}:5" in done.stdout
    told = "'patien' is not a view of the ledger; known: api, node, patient, spv. Did you mean 'patient'?"
    assert told in done.stdout
    assert "hil plugins lists all" in done.stdout


def test_a_view_that_cannot_be_loaded_is_told_at_its_place_in_the_rig_file(patient: Laboratory) -> None:
    patient.write(VIEW, "import nowhere_at_all\n")

    done = patient.hil("check", "--rig", RIG)

    assert done.returncode == ExitCode.AUTHOR_ERROR, done.stdout
    assert f"{RIG}:" in done.stdout
    assert "No module named 'nowhere_at_all'" in done.stdout


def test_the_tests_of_the_view_run_in_the_laboratory(patient: Laboratory) -> None:
    done = patient.call("-m", "pytest", "-q", "tests/test_patient.py")

    assert (done.returncode, "14 passed" in done.stdout) == (ExitCode.PASS, True), done.stdout
