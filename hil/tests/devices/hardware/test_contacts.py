from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from hil.devices.hardware.contacts import GpioRelay, ModbusCoil
from hil.errors import RigFault
from hil.tests.vbench.bench_kit import Harness, running


@pytest.fixture
def pins() -> Iterator[Any]:
    """The pins of a Raspberry Pi, as gpiozero models them for tests."""
    before, Device.pin_factory = Device.pin_factory, MockFactory()
    yield Device.pin_factory
    Device.pin_factory.reset()
    Device.pin_factory = before


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    with running() as harness:
        yield harness


def test_a_pin_drives_the_relay_and_is_low_from_the_start(pins: Any) -> None:
    relay = GpioRelay(17)
    pin = pins.pin(17)
    assert pin.function == "output"
    assert pin.state == 0
    relay.set(closed=True)
    assert pin.state == 1
    relay.set(closed=False)
    assert pin.state == 0
    relay.close()


def test_a_pin_that_is_let_go_opens_the_relay(pins: Any) -> None:
    relay = GpioRelay(17)
    relay.set(closed=True)
    relay.close()
    pin = pins.pin(17)
    assert pin.state == 0
    assert pin.function == "input"
    GpioRelay(17).close()


def test_a_pin_that_another_part_holds_is_a_fault(pins: Any) -> None:
    relay = GpioRelay(17)
    with pytest.raises(RigFault, match="relay gpio:17: the pin cannot be had"):
        GpioRelay(17)
    relay.close()


def test_a_coil_is_switched_and_read_back_on_the_relay_board(harness: Harness) -> None:
    control = harness.client("control")
    control.ask(op="reset", seed="s")
    relay = ModbusCoil(harness.address, harness.ports["relays"], 1)
    relay.set(closed=True)
    assert control.ask(op="truth")["contacts"]["K2"]["coil"] is True
    relay.set(closed=False)
    assert control.ask(op="truth")["contacts"]["K2"]["coil"] is False
    relay.close()
    control.close()


def test_a_coil_that_the_board_does_not_have_is_a_fault(harness: Harness) -> None:
    relay = ModbusCoil(harness.address, harness.ports["relays"], 9)
    with pytest.raises(RigFault, match="the relay board refuses"):
        relay.set(closed=True)
    relay.close()


def test_a_board_that_is_gone_is_a_fault() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        relay = ModbusCoil("127.0.0.1", unused.getsockname()[1], 0)
        with pytest.raises(RigFault, match="the relay board does not answer"):
            relay.set(closed=False)
        relay.close()
