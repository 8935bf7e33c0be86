"""The rig file of a physical bench, and the page that tells its wiring."""

from __future__ import annotations

import re

import pytest
from labgrid import Environment

from hil.rig.config.rig_file import RigFile
from hil.rig.config.target_section import LINES, RELAYS
from hil.rig.safety.standalone_safe_state import SafeStateMaker
from hil.tests.acceptance.commands import ROOT

EXAMPLE = ROOT / "rigs/bench-example.yaml"
PAGE = (ROOT / "docs/how-to/wire-a-bench.md").read_text(encoding="utf-8")


@pytest.fixture
def target() -> object:
    return Environment(config_file=str(EXAMPLE)).get_target("main")


def test_the_rig_file_is_right_and_describes_a_bench_in_real_time() -> None:
    file = RigFile.load(EXAMPLE)

    assert not file.virtual
    assert file.real_time
    assert file.options.limits.current is not None
    assert file.options.instruments["meter"].due is not None


def test_labgrid_builds_the_bench_with_each_driver_on_its_resource(target: object) -> None:
    for relay in RELAYS:
        driver = target.get_driver("DigitalOutputProtocol", name=relay, activate=False)  # type: ignore[attr-defined]
        assert driver.coil.name == relay
    for line in LINES:
        driver = target.get_driver("SerialDriver", name=line, activate=False)  # type: ignore[attr-defined]
        assert driver.port.name == line
        assert driver.port.speed == 115_200
    for kind, name in (("PowerMeterDriver", "meter"), ("LoadDriver", "load")):
        assert target.get_driver(kind, name=name, activate=False).instrument.name == name  # type: ignore[attr-defined]


def test_the_watchdog_can_be_built_from_it_without_asking_any_part() -> None:
    maker = SafeStateMaker(EXAMPLE, pytest.fail)
    maker.close()


def test_the_page_names_the_coil_of_each_relay_and_the_parts_of_the_file(target: object) -> None:
    told = dict(re.findall(r"^\| (K\d) \| coil (\d) \|", PAGE, re.MULTILINE))
    coils = {
        relay: str(target.get_driver("DigitalOutputProtocol", name=relay, activate=False).coil.coil)  # type: ignore[attr-defined]
        for relay in RELAYS
    }
    parts = re.findall(r"# .*?(HMC8015|IT8615|E1214|1450I)", EXAMPLE.read_text(encoding="utf-8"))

    assert told == coils
    assert len(parts) == 4
    assert all(part in PAGE for part in parts)
