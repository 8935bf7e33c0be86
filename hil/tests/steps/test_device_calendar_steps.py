"""Steps that set a device's calendar: not applicable where the bench cannot, with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil import faketime
from hil.bdd.language.applicability import demands
from hil.bdd.language.catalogue import load_catalogue
from hil.rig.config.rig_file import RigFile

RIGS = Path(__file__).parents[3] / "rigs"
STEPS = {
    "the socket has a calendar that can be set": "given",
    "the calendar of the socket is set forward by 3 s": "when",
    "the calendar of the socket is set back by 3 s": "when",
}


def reasons(step: str, rig: Path) -> list[str]:
    """Return why the rig cannot do a step, as far as it cannot."""
    (definition,) = load_catalogue().find(STEPS[step], step)
    checks = [demand.check for demand in demands(definition.function, "not-offered")]
    told = (check(RigFile.load(rig), *definition.expression.values(step)) for check in checks)
    return [reason for reason in told if reason]


@pytest.mark.parametrize("step", STEPS)
def test_a_reference_device_in_the_bench_reads_no_calendar(step: str) -> None:
    told = ["the socket of rig 'virtual' runs in the bench itself and reads no calendar"]
    assert reasons(step, RIGS / "virtual.yaml") == told


@pytest.mark.parametrize("step", STEPS)
def test_a_machine_without_the_library_cannot_set_one(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faketime, "PLACES", ("/nowhere",))
    faketime.library.cache_clear()
    try:
        (reason,) = reasons(step, RIGS / "realtime.yaml")
    finally:
        faketime.library.cache_clear()
    assert "this machine has no libfaketime (Debian: faketime)" in reason


@pytest.mark.parametrize("way", ["forward", "back"])
def test_a_calendar_is_set_by_some_time(way: str) -> None:
    step = f"the calendar of the socket is set {way} by 0 s"
    (definition,) = load_catalogue().find("when", step)
    (check,) = (demand.check for demand in demands(definition.function, "misfit"))
    assert check(*definition.expression.values(step)) == "a calendar is set by more than 0 s, not by 0 s"
