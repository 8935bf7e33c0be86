"""Faults seeded in the virtual bench over its control port, seen from its other ports."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from pyModbusTCP.client import ModbusClient

from hil.errors import RigFault
from hil.tests.vbench.bench_kit import Client, Harness, plain_bench, running
from hil.vbench.bench import Bench
from hil.vbench.plant.relay import Relay
from hil.vbench.virtual_time import Kernel


@pytest.fixture(scope="module")
def bench() -> Bench:
    return plain_bench()


@pytest.fixture(scope="module")
def harness(bench: Bench) -> Iterator[Harness]:
    with running(lambda: bench) as harness:
        yield harness


@pytest.fixture
def control(harness: Harness) -> Iterator[Client]:
    client = harness.client("control")
    assert client.ask(op="reset", seed="s", devices={}) == {"now": 0.0}
    yield client
    client.close()


def advance(control: Client, until: float) -> None:
    assert control.ask(op="advance", until=until, received={})["now"] == until


def contacts(control: Client) -> dict[str, Any]:
    told: dict[str, Any] = control.ask(op="truth")["contacts"]
    return told


def test_welded_contacts_stay_closed_though_the_coil_obeys_and_open_when_they_are_mended(
    harness: Harness, control: Client
) -> None:
    harness.switch("K1", closed=True)
    advance(control, 1.0)
    control.ask(op="fault", part="K1", fault="welded")
    harness.switch("K1", closed=False)
    advance(control, 2.0)
    assert (contacts(control)["K1"]["coil"], contacts(control)["K1"]["closed"]) == (False, True)
    control.ask(op="mend")
    advance(control, 3.0)
    assert contacts(control)["K1"]["closed"] is False


def test_a_relay_that_ignores_its_coil_reads_back_the_old_state(harness: Harness, control: Client) -> None:
    control.ask(op="fault", part="K2", fault="ignores its coil")
    board = ModbusClient(harness.address, harness.ports["relays"], auto_close=True)
    assert board.write_single_coil(1, True) is True  # the reply echoes the request, as the specification has it
    advance(control, 1.0)
    assert board.read_coils(1) == [False]
    assert (contacts(control)["K2"]["coil"], contacts(control)["K2"]["closed"]) == (False, False)


def test_contacts_that_bounce_open_twice_before_they_rest() -> None:
    kernel, edges = Kernel(), list[tuple[float, bool]]()
    relay = Relay(kernel, 0.015, 0.015, lambda closed: edges.append((round(kernel.now, 6), closed)))
    relay.fault, relay.bounce_s = "bounces", 0.1
    relay.set(closed=True)
    kernel.run_until(1.0)
    assert edges == [(0.015, True), (0.035, False), (0.065, True), (0.085, False), (0.115, True)]
    relay.set(closed=False)
    kernel.run_until(2.0)
    assert edges[5:] == [(1.015, False)]


def test_a_coil_that_is_released_while_the_contact_bounces_ends_that() -> None:
    kernel = Kernel()
    relay = Relay(kernel, 0.015, 0.015, lambda closed: None)
    relay.fault, relay.bounce_s = "bounces", 0.1
    relay.set(closed=True)
    kernel.run_until(0.07)
    relay.set(closed=False)
    kernel.run_until(1.0)
    assert not relay.closed


def test_an_instrument_that_hangs_takes_queries_and_answers_none(harness: Harness, control: Client) -> None:
    with socket.create_connection((harness.address, harness.ports["meter"]), timeout=0.2) as meter:
        meter.sendall(b"hello\n")
        assert meter.recv(100) == b"hello\n"
        control.ask(op="fault", part="meter", fault="hangs")
        meter.sendall(b"hello\n")
        with pytest.raises(TimeoutError):
            meter.recv(100)
        control.ask(op="mend")
        meter.sendall(b"again\n")
        assert meter.recv(100) == b"again\n"


def test_an_instrument_that_talks_garbage_does_so_on_queries_only(harness: Harness, control: Client) -> None:
    with socket.create_connection((harness.address, harness.ports["load"]), timeout=0.2) as load:
        control.ask(op="fault", part="load", fault="answers garbage")
        load.sendall(b"INP 0\nINP?\n")
        assert load.recv(100) == b"\x1b4.2E+,banana\n"


def test_a_connection_that_was_lost_can_be_opened_again(harness: Harness, control: Client) -> None:
    for _ in range(2):
        with socket.create_connection((harness.address, harness.ports["load"]), timeout=2.0) as load:
            load.sendall(b"hello\n")
            assert load.recv(100) == b"hello\n"
            control.ask(op="fault", part="load", fault="loses its connection")
            with pytest.raises(ConnectionResetError):
                raise ConnectionResetError if load.recv(100) == b"" else AssertionError


def test_a_meter_that_freezes_takes_no_more_samples_and_one_that_drifts_takes_larger_ones(
    bench: Bench, harness: Harness, control: Client
) -> None:
    meter: Any = bench.meter._meter
    advance(control, 1.0)
    control.ask(op="fault", part="meter", fault="freezes")
    before = len(meter.samples)
    advance(control, 2.0)
    assert len(meter.samples) == before
    control.ask(op="fault", part="meter", fault="drifts", amount=0.02)
    control.ask(op="plug", appliance="toaster")
    for relay in ("K1", "K2"):
        harness.switch(relay, closed=True)
    advance(control, 10.0)
    truth = control.ask(op="truth")
    assert meter.samples[-1].power == pytest.approx(truth["power"] * 1.02, rel=1e-6)
    assert meter.samples[-1].voltage == 230.0


def test_a_reset_mends_everything(bench: Bench, harness: Harness, control: Client) -> None:
    control.ask(op="fault", part="meter", fault="hangs")
    control.ask(op="fault", part="K1", fault="welded")
    assert control.ask(op="reset", seed="s") == {"now": 0.0}
    with socket.create_connection((harness.address, harness.ports["meter"]), timeout=2.0) as meter:
        meter.sendall(b"hello\n")
        assert meter.recv(100) == b"hello\n"
    assert bench.model.plant.relays[0].fault == ""


def test_the_meter_of_a_device_keeps_what_it_counted_when_it_begins_to_drift(
    bench: Bench, harness: Harness, control: Client
) -> None:
    link = harness.client("cable-link")
    assert control.ask(op="reset", seed="s", devices={"cable": {}}, plant={"cable_meter_gain": 0.0}) == {"now": 0.0}
    control.ask(op="plug", appliance="toaster")
    for relay in ("K1", "K2", "K4"):
        harness.switch(relay, closed=True)
    advance(control, 100.0)
    host: Any = bench.model.hosts["cable"]
    before, true = host._meter.energy(), bench.model.plant.energy()
    control.ask(op="fault", part="cable meter", fault="drifts", amount=0.05)
    assert host._meter.energy() == pytest.approx(before)
    advance(control, 200.0)
    more = bench.model.plant.energy() - true
    assert host._meter.energy() - before == pytest.approx(more * 1.05)
    link.close()


def test_the_sockets_own_meter_stands_still_or_falls_silent_and_its_contact_can_be_read_back(
    bench: Bench, harness: Harness, control: Client
) -> None:
    assert control.ask(op="reset", seed="s", devices={"socket": {"close_after": 1.0}}) == {"now": 0.0}
    control.ask(op="plug", appliance="toaster")
    for relay in ("K1", "K2", "K3"):
        harness.switch(relay, closed=True)
    board: Any = bench.model.hosts["socket"]._board
    assert board.contact_position() is False
    advance(control, 10.0)
    assert board.contact_position() is True
    control.ask(op="fault", part="socket meter", fault="stands still")
    energy, power = board.meter.energy(), board.meter.power()
    assert power > 1000
    advance(control, 20.0)
    assert (board.meter.energy(), board.meter.power()) == (energy, power)
    control.ask(op="fault", part="socket meter", fault="falls silent")
    with pytest.raises(RigFault, match="does not answer"):
        board.meter.energy()


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ({"part": "K9", "fault": "welded"}, "'K9' is not a part that can fail; known: K1, K2"),
        (
            {"part": "K1", "fault": "melted"},
            "'melted' is not a way to fail; known: bounces, chatters, ignores its coil, welded",
        ),
        ({"part": "load", "fault": "freezes"}, "'freezes' is not a way to fail"),
        ({"part": "socket meter", "fault": "drifts", "amount": 0.1}, "no socket is fitted"),
        ({"part": "socket meter", "fault": "falls silent"}, "no socket is fitted"),
        ({"part": "meter", "fault": "drifts", "amount": -1}, "must be a number above -1"),
        ({"part": "meter", "fault": "drifts", "amount": True}, "must be a number above -1"),
    ],
)
def test_a_fault_that_cannot_be_seeded_is_told_with_what_can(
    control: Client, request_: dict[str, object], why: str
) -> None:
    assert why in control.ask(op="fault", **request_)["error"]


def test_a_contact_that_chatters_opens_for_an_instant_again_and_again_while_its_coil_is_energised() -> None:
    kernel = Kernel()
    edges: list[tuple[float, bool]] = []
    contact = Relay(kernel, 0.01, 0.005, lambda _: None)
    contact._on_edge = lambda closed: edges.append((round(kernel.now, 6), closed))
    contact.set(closed=True)
    kernel.run_until(1.0)
    edges.clear()
    contact.chatter(0.02)
    kernel.run_until(8.0)
    assert edges == [(4.07, False), (4.09, True), (7.14, False), (7.16, True)]
    contact.set(closed=False)
    kernel.run_until(20.0)
    assert edges[4:] == [(8.005, False)]
