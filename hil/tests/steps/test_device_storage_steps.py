"""Steps about a device's storage: not applicable where the bench cannot reach it, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.bdd.language.applicability import demands
from hil.bdd.language.catalogue import load_catalogue
from hil.private_folder import why_unavailable
from hil.rig.config.rig_file import RigFile

RIGS = Path(__file__).parents[3] / "rigs"
STEPS = ("the storage of the socket is full, as a seeded fault", "the storage of the socket works again")


def reasons(step: str, rig: Path) -> list[str]:
    """Return why the rig cannot do a step, as far as it cannot."""
    (definition,) = load_catalogue().find("when", step)
    checks = [demand.check for demand in demands(definition.function, "not-offered")]
    told = (check(RigFile.load(rig), *definition.expression.values(step)) for check in checks)
    return [reason for reason in told if reason]


def with_program(folder: Path, *, without: str = "") -> Path:
    """Return a rig file whose socket is a program."""
    serial = "        serial: virtual-socket\n"
    text = (RIGS / "virtual.yaml").read_text(encoding="utf-8").replace(without, "")
    assert serial in text
    path = folder / "rig.yaml"
    path.write_text(text.replace(serial, f"{serial}        command: [sh]\n"), encoding="utf-8")
    return path


@pytest.fixture
def no_namespaces(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hide the commands that a holder needs, as on a machine without them."""
    monkeypatch.setenv("PATH", "/nowhere")
    why_unavailable.cache_clear()
    yield
    why_unavailable.cache_clear()


@pytest.mark.parametrize("step", STEPS)
def test_it_is_applicable_to_reference_devices_and_to_programs(step: str, tmp_path: Path) -> None:
    for rig in (RIGS / "virtual.yaml", RIGS / "realtime.yaml", with_program(tmp_path)):
        assert reasons(step, rig) == []


@pytest.mark.parametrize("step", STEPS)
def test_it_is_not_applicable_to_a_program_where_the_machine_allows_no_mount(
    step: str, tmp_path: Path, no_namespaces: None
) -> None:
    (reason,) = reasons(step, with_program(tmp_path))
    told = "the storage of the socket of rig 'virtual' cannot be made to fail: this machine allows no mount namespace"
    assert reason.startswith(told)
    assert reasons(step, RIGS / "virtual.yaml") == []


@pytest.mark.parametrize("step", STEPS)
def test_it_is_not_applicable_on_a_rig_without_seeded_faults(step: str, tmp_path: Path) -> None:
    rig = with_program(tmp_path, without="      - seeded-faults\n")
    assert reasons(step, rig) == ["rig 'virtual' has no feature 'seeded-faults'"]


def test_a_slow_storage_is_applicable_to_a_reference_device_in_virtual_time_only(tmp_path: Path) -> None:
    step = "each write to the storage of the socket takes 500 ms, as a seeded fault"
    assert reasons(step, RIGS / "virtual.yaml") == []
    for rig, name in ((with_program(tmp_path), "virtual"), (RIGS / "realtime.yaml", "realtime")):
        told = f"the socket of rig '{name}' is a program, whose writes take this machine's time"
        assert reasons(step, rig) == [told]


@pytest.mark.parametrize("duration", ["0 s", "-1 s", "11 s"])
def test_a_write_takes_some_time_and_not_too_long(duration: str) -> None:
    step = f"each write to the storage of the socket takes {duration}, as a seeded fault"
    (definition,) = load_catalogue().find("when", step)
    (check,) = (demand.check for demand in demands(definition.function, "misfit"))
    assert "a write takes more than 0 s and at most 10 s" in check(*definition.expression.values(step))
