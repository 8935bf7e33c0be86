"""Which coordinator is asked, and what a person is told who has none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hil.fleet.address import DEFAULT_ADDRESS, coordinator_address, remedy_for
from hil.fleet.virtual_fleet.up_and_down import FOLDER

FLEET = "127.40.1.4:20408"


@pytest.fixture
def laboratory(tmp_path: Path) -> Path:
    """A laboratory whose virtual fleet is up, as far as its state file tells."""
    (tmp_path / FOLDER).mkdir(parents=True)
    state = {"coordinator": FLEET, "rig": "rigs/fleet.yaml", "benches": {"virtual-1": "127.40.1.1"}, "programs": []}
    (tmp_path / FOLDER / "state.json").write_text(json.dumps(state), encoding="utf-8")
    return tmp_path


def test_the_environment_names_the_coordinator_before_all_else(
    laboratory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LG_COORDINATOR", "lab.example.org:20408")

    assert coordinator_address(laboratory) == "lab.example.org:20408"
    assert remedy_for("lab.example.org:20408") == "Start labgrid-coordinator there, or mend LG_COORDINATOR."


def test_without_it_the_virtual_fleet_of_the_laboratory_is_used(
    laboratory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LG_COORDINATOR", raising=False)

    assert coordinator_address(laboratory) == FLEET
    assert "hil fleet up with the same number starts it again" in remedy_for(FLEET)


def test_a_laboratory_without_either_is_told_of_both_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LG_COORDINATOR", raising=False)

    assert coordinator_address(tmp_path) == DEFAULT_ADDRESS
    told = remedy_for(DEFAULT_ADDRESS)
    assert "export LG_COORDINATOR=HOST:PORT" in told
    assert "hil fleet up 3" in told
