"""Meter and load are found by what their labgrid drivers do, whatever the class; VISA backend and dialect are named."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from hil.errors import ConfigurationError
from hil.instruments.visa.backend import close_resource_managers
from hil.instruments.wt310e import Wt310e
from hil.rig.config.rig_file import RigFile
from hil.rig.labgrid.protocols import load_driver, meter_driver
from hil.rig.labgrid.target import build_target
from hil.tests.acceptance.commands import ROOT

EXAMPLE = (ROOT / "rigs/bench-example.yaml").read_text(encoding="utf-8")
IMPORTS = "imports:\n"
METER = "PowerMeterDriver: {name: meter, bindings: {instrument: meter}}"
RESOURCE = "resource: 'TCPIP::192.0.2.11::5025::SOCKET'"

OWN_DRIVER = '''\
"""A laboratory's own labgrid driver, which knows its meter without asking."""

import attr
from labgrid import target_factory

from hil.instruments.transport import Transport
from hil.instruments.wt310e import Wt310e
from hil.ports import Identity
from hil.rig.labgrid.protocols import InstrumentDriver, PowerMeterProtocol


@target_factory.reg_driver
@attr.s(eq=False)
class DriverOfOurMeter(InstrumentDriver, PowerMeterProtocol):
    bindings = {"instrument": "VisaInstrument"}

    def connect(self, *, timeout):
        transport = Transport("meter", self.instrument.resource, timeout=timeout, backend=self.instrument.backend)
        return Wt310e(transport, Identity("Our workshop", "M1", "7", ""))


@target_factory.reg_driver
@attr.s(eq=False)
class DriverOfNothing(InstrumentDriver):
    bindings = {"instrument": "VisaInstrument"}
'''


def rig(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the example of a bench with these changes, the driver and the simulated instruments beside it."""
    text = EXAMPLE
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    (folder / "own_driver_of_a_test.py").write_text(OWN_DRIVER, encoding="utf-8")
    shutil.copy(ROOT / "hil/tests/instruments/sim.yaml", folder)
    path = folder / "rig.yaml"
    path.write_text(text, encoding="utf-8")
    return path


OWN = (IMPORTS, f"{IMPORTS}  - own_driver_of_a_test.py\n")
SIMULATED = (RESOURCE, "resource: 'USB0::0x0B21::0x0025::C3XX12345E::INSTR'\n          backend: sim.yaml@sim")


@pytest.fixture
def built() -> Iterator[Any]:
    """Build a target of a rig file; it is let go of afterwards."""
    environments = []

    def build(path: Path) -> Any:
        environment, target = build_target(path)
        environments.append(environment)
        return target

    yield build
    for environment in environments:
        environment.cleanup()
    close_resource_managers()


def test_a_driver_of_the_laboratorys_own_class_serves_as_the_meter(tmp_path: Path, built: Any) -> None:
    path = rig(tmp_path, OWN, SIMULATED, (METER, METER.replace("PowerMeterDriver", "DriverOfOurMeter")))
    path.write_text(path.read_text().replace("backend: sim.yaml@sim", f"backend: {tmp_path}/sim.yaml@sim"))

    assert RigFile.load(path).foreign == {"meter"}
    driver = meter_driver(built(path))

    assert driver.port.identity.manufacturer == "Our workshop"
    assert driver.port.read().power == 1300.6
    assert driver.told == "labgrid driver own_driver_of_a_test.DriverOfOurMeter"
    with closing(driver.connect(timeout=1.0)) as second:
        assert second is not driver.port


def test_a_driver_that_does_not_serve_is_refused_with_what_it_lacks(tmp_path: Path, built: Any) -> None:
    path = rig(tmp_path, OWN, (METER, METER.replace("PowerMeterDriver", "DriverOfNothing")))

    with pytest.raises(ConfigurationError, match="is a DriverOfNothing, which does not serve as PowerMeterProtocol"):
        meter_driver(built(path), activate=False)


def test_another_class_without_a_module_of_its_own_is_found_at_the_desk(tmp_path: Path) -> None:
    path = rig(tmp_path, (METER, METER.replace("PowerMeterDriver", "DriverOfOurMeter")))

    with pytest.raises(ConfigurationError, match="no PowerMeterDriver named 'meter'"):
        RigFile.load(path)


def test_a_driver_that_is_missing_is_found_at_the_desk_with_modules_of_ones_own_too(tmp_path: Path) -> None:
    path = rig(tmp_path, OWN, (METER, METER.replace("name: meter", "name: metre")))

    with pytest.raises(ConfigurationError, match="no PowerMeterDriver named 'meter'"):
        RigFile.load(path)


def test_a_visa_backend_with_a_file_beside_the_rig_file_is_used(tmp_path: Path, built: Any) -> None:
    driver = meter_driver(built(rig(tmp_path, SIMULATED)))

    assert driver.port.identity.model == "WT310EH"
    assert driver.told.startswith("wt310e (micropay-hil ")


def test_a_dialect_that_the_rig_file_names_is_used_and_told(tmp_path: Path, built: Any) -> None:
    path = rig(tmp_path, SIMULATED, (METER, METER.replace("name: meter,", "name: meter, dialect: wt310e,")))

    assert RigFile.load(path).dialects == {"meter": "wt310e"}
    driver = meter_driver(built(path))

    assert driver.told.endswith("named by the rig file; the instrument tells 'YOKOGAWA,WT310EH,C3XX12345E,F1.04'")


def test_a_dialect_that_there_is_not_is_refused_with_the_nearest(tmp_path: Path, built: Any) -> None:
    path = rig(tmp_path, SIMULATED, (METER, METER.replace("name: meter,", "name: meter, dialect: wt310,")))

    with pytest.raises(ConfigurationError, match=r"'wt310' is not a driver of power meters; known: .*'wt310e'"):
        meter_driver(built(path))


@pytest.mark.parametrize("backend", ["sim", "'@'", "'@py@'", "3"])
def test_what_is_no_backend_is_found_at_the_desk(tmp_path: Path, backend: str) -> None:
    path = rig(tmp_path, (RESOURCE, f"{RESOURCE}\n          backend: {backend}"))

    with pytest.raises(ConfigurationError, match=r"is no VISA backend: @py, @ivi or @sim"):
        RigFile.load(path)


def test_an_instrument_has_a_timeout_of_its_own(tmp_path: Path, built: Any) -> None:
    resource, simulated = SIMULATED
    driver = meter_driver(built(rig(tmp_path, (resource, f"{simulated}\n          timeout: 3.5"))))

    assert cast(Wt310e, driver.port)._transport.timeout == 3.5
    with closing(driver.connect(timeout=1.0)) as second:
        assert cast(Wt310e, second)._transport.timeout == 3.5


@pytest.mark.parametrize("timeout", ["0", "5", "2 s", "true", "-1"])
def test_what_is_no_timeout_is_found_at_the_desk(tmp_path: Path, timeout: str) -> None:
    path = rig(tmp_path, (RESOURCE, f"{RESOURCE}\n          timeout: {timeout}"))

    with pytest.raises(ConfigurationError, match=r"is none: a number of seconds from 0.1 to 4"):
        RigFile.load(path)


def test_a_module_that_cannot_be_imported_is_told_with_what_failed_in_it(tmp_path: Path, built: Any) -> None:
    path = rig(tmp_path, OWN)
    (tmp_path / "own_driver_of_a_test.py").write_text("import nowhere_at_all\n")

    with pytest.raises(ConfigurationError, match=r"imports cannot be loaded: ModuleNotFoundError.*_test\.py:1\)"):
        built(path)


def test_the_load_is_found_likewise(tmp_path: Path, built: Any) -> None:
    assert type(load_driver(built(rig(tmp_path)), activate=False)).__name__ == "LoadDriver"
