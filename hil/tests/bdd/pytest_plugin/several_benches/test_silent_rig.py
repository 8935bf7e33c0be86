"""A rig that failed is asked whether it can be reached at all."""

from __future__ import annotations

import socket

import pytest

from hil.bdd.pytest_plugin.several_benches.silent_rig import machines_of, why_silent
from hil.fleet.states import PlaceState
from hil.tests.acceptance.commands import own_address


def place(**addresses: tuple[str, dict[str, object]]) -> PlaceState:
    return PlaceState("bench-1", addresses=addresses)


def relays(host: str) -> tuple[str, dict[str, object]]:
    return "ModbusTCPCoil", {"host": host, "coil": 0}


def test_each_machine_is_asked_once_and_what_is_no_machine_not_at_all() -> None:
    found = machines_of(
        place(
            K1=relays("10.0.0.7"),
            K2=relays("10.0.0.7"),
            meter=("VisaInstrument", {"resource": "TCPIP::10.0.0.8::5025::SOCKET"}),
            load=("VisaInstrument", {"resource": "ASRL/dev/ttyUSB0::INSTR"}),
            console=("RawSerialPort", {"port": "/dev/ttyS0"}),
        )
    )

    assert found == {"10.0.0.7": 502, "10.0.0.8": 5025}


def test_parts_behind_ssh_say_nothing_about_the_network_of_the_rig() -> None:
    far = PlaceState("bench-1", addresses={"K1": relays("10.0.0.7")}, ways={"K1": {"proxy": "pi"}})

    assert machines_of(far) == {}
    assert why_silent(far) == ""


def test_a_machine_that_takes_or_refuses_a_connection_is_there() -> None:
    with socket.create_server((own_address(0), 0)) as server:
        port = server.getsockname()[1]
        assert why_silent(place(K1=relays(f"{own_address(0)}:{port}"))) == ""

    assert why_silent(place(K1=relays(f"{own_address(0)}:{port}"))) == ""


def test_a_rig_of_which_no_machine_answers_is_told_with_the_addresses_that_were_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hil.bdd.pytest_plugin.several_benches.silent_rig.ANSWER_S", 0.05)
    with socket.socket() as full:  # its queue takes one connection, and then no more: as if packets were lost
        full.bind((own_address(1), 0))
        full.listen(0)
        address = full.getsockname()
        with socket.create_connection(address):
            told = why_silent(place(K1=relays(f"{address[0]}:{address[1]}")))

    assert told == (
        f"nothing of it can be reached from this machine ({address[0]}:{address[1]}): its network is cut,"
        " or it has no power"
    )
