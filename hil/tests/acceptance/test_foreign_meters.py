"""Clients of HMC8015, relay board and PZEM, unmodified: of the maker, generic ones, and those that speak Modbus.

Collected only where ``make clients`` was, and npm is.
"""

from __future__ import annotations

import pytest

from hil.tests.acceptance.foreign_loads import Told

PNG = b"\x89PNG\r\n\x1a\n".hex()
IDENTITY = "Rohde&Schwarz,HMC8015,"

WAYS = ["socket", "socket by VISA", "VXI-11", "HiSLIP"]


@pytest.mark.parametrize("way", WAYS)
def test_the_makers_examples_take_a_screenshot_and_a_log(meter_clients: dict[str, Told], way: str) -> None:
    told = meter_clients[way]

    assert told["identity"].startswith(IDENTITY)
    assert told["picture"] == PNG
    assert told["deleted"] is False
    assert told["listed"] == '"LOG1234.CSV"'
    heading, *rows = told["log"]
    assert heading.startswith("Timestamp,URMS,IRMS,P,")
    assert len(rows) == pytest.approx(10, abs=1)
    for row in rows:
        assert 200 < float(row.split(",")[1]) < 260


@pytest.mark.parametrize("way", WAYS)
def test_the_makers_client_reads_the_queue_and_leaves_no_mistake_by_remote_and_local(
    meter_clients: dict[str, Told], way: str
) -> None:
    told = meter_clients[way]

    assert told["queue"] == ["Undefined header;NONSENSE"]
    assert told["remote"] == ("taken" if way.startswith("socket") else "not in the VISA library")
    assert told["after"] is None


@pytest.mark.parametrize("client", ["PyMeasure", "QCoDeS", "InstrumentKit", "python-vxi11"])
def test_a_generic_instrument_sets_asks_and_finds_its_mistake(meter_clients: dict[str, Told], client: str) -> None:
    told = meter_clients[client]

    identity = told["identity"]
    assert (identity["model"] == "HMC8015") if client == "QCoDeS" else identity.startswith(IDENTITY)
    assert told["range"] == 300.0
    assert len(told["mistakes"]) == 1
    assert "-113" in told["mistakes"][0]


def test_a_lock_over_vxi11_keeps_another_client_off_and_a_serial_poll_tells_of_the_mistake(
    meter_clients: dict[str, Told],
) -> None:
    assert meter_clients["python-vxi11"]["locked"] is True
    assert meter_clients["python-vxi11"]["status"] & 4


def test_modbus_serial_writes_relays_and_gets_the_exceptions_of_what_is_wrong(meter_clients: dict[str, Told]) -> None:
    assert meter_clients["modbus-serial"] == {
        "coils": [True, True, True, False],
        "address": 2,
        "function": 1,
        "quantity": 3,
        "opened": [False] * 4,
    }


def test_jsmodbus_writes_relays_and_gets_the_exceptions_of_what_is_wrong(meter_clients: dict[str, Told]) -> None:
    assert meter_clients["jsmodbus"] == {
        "coils": [1, 1, 1, 0],
        "address": 2,
        "function": 1,
        "register": 1,
        "opened": [0] * 4,
    }


def test_modbus_serial_reads_a_pzem_by_its_own_and_by_the_general_address(meter_clients: dict[str, Told]) -> None:
    told = meter_clients["RTU of modbus-serial"]

    assert told["registers"][:4] == told["general"][:4] == [2300, 5652, 0, 13000]
    assert told["threshold"] == 2000
    assert told["refused"] == {"address": 2, "quantity": 2, "function": 1}
    assert told["another"] == "TransactionTimedOutError"


def test_rtu_clients_read_a_pzem_set_its_threshold_and_get_exceptions(meter_clients: dict[str, Told]) -> None:
    told = meter_clients["RTU"]

    assert told["pzem"]["voltage"] == 230.0
    assert told["pzem"]["power"] == 1300.0
    assert told["pzem"]["frequency"] == 50.0
    assert told["registers"][:4] == [2300, 5652, 0, 13000]
    assert told["threshold"] == 2000
    assert told["refused"] == {"address": "IllegalRequestError", "quantity": "IllegalRequestError"}
