"""VISA backends other than pyvisa-py, with a real one: pyvisa-sim."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hil.errors import ConfigurationError, RigFault
from hil.instruments.dialects import opened_meter
from hil.instruments.transport import Transport
from hil.instruments.visa.backend import close_resource_managers, resource_manager

SIMULATED = f"{Path(__file__).with_name('sim.yaml')}@sim"
METER = "USB0::0x0B21::0x0025::C3XX12345E::INSTR"


@pytest.fixture(autouse=True)
def _managers() -> Iterator[None]:
    yield
    close_resource_managers()


def test_an_instrument_on_another_backend_is_identified_and_read() -> None:
    opened = opened_meter(Transport("meter", METER, backend=SIMULATED))

    with closing(opened.port) as meter:
        assert meter.identity.model == "WT310EH"
        assert meter.read().power == 1300.6
        assert meter.errors() == []


def test_a_dialect_that_the_rig_file_names_is_told_with_what_the_instrument_says() -> None:
    opened = opened_meter(Transport("meter", METER, backend=SIMULATED), "WT310E")

    opened.port.close()
    assert opened.driver.startswith("wt310e (micropay-hil ")
    assert opened.driver.endswith("), named by the rig file; the instrument tells 'YOKOGAWA,WT310EH,C3XX12345E,F1.04'")


def test_silence_on_another_backend_is_a_rig_fault() -> None:
    transport = Transport("meter", "USB0::0x0B21::0x0025::SILENT::INSTR", backend=SIMULATED, timeout=0.1)

    with pytest.raises(RigFault, match=r"meter \(USB0.*no whole reply to '\*IDN\?' within 0.1 s"):
        opened_meter(transport)


def test_an_instrument_that_the_backend_does_not_have_is_a_rig_fault() -> None:
    with pytest.raises(RigFault, match=r"meter \(USB0"):
        opened_meter(Transport("meter", "USB0::1::2::3::INSTR", backend=SIMULATED))


@pytest.mark.parametrize(
    ("backend", "what", "remedy"),
    [
        ("@nosuch", "No package named pyvisa_nosuch", "pyvisa-nosuch"),
        ("nowhere.yaml@sim", "there is no file 'nowhere.yaml'", "a file before the @"),
        ("/nowhere/libvisa.so@ivi", "there is no file '/nowhere/libvisa.so'", "library of an instrument's maker"),
        (f"{__file__}@sim", "", "a file before the @"),
    ],
)
def test_a_backend_that_cannot_be_used_is_the_authors_error_with_its_remedy(
    backend: str, what: str, remedy: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Transport("meter", METER, backend=backend)

    assert f"the VISA backend '{backend}' cannot be used: " in caught.value.what
    assert what in caught.value.what
    assert "\n" not in caught.value.what
    assert remedy in str(caught.value.remedy)
    assert caught.value.place == f"meter ({METER})"


def test_each_backend_has_one_manager_in_a_process() -> None:
    assert resource_manager(SIMULATED) is resource_manager(SIMULATED)
    assert resource_manager(SIMULATED) is not resource_manager()
