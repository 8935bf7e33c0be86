"""The counterpart lives on a line in the bench's time: in lockstep over a bench in memory, and on the wall clock."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping

import pytest
import serial
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.clock import WallClock
from hil.endpoints.cable import CableEndpoint
from hil.endpoints.common import EndpointHooks
from hil.endpoints.counterpart import Counterpart, MemoryJournal
from hil.endpoints.socket import SocketEndpoint
from hil.links.serial_line import SerialLine
from hil.protocol.cable.machine import CableMachine
from hil.protocol.cable.table import CableState
from hil.protocol.payment.account import RECEIVE, Account
from hil.protocol.payment.coins import Coin
from hil.protocol.policy import CableLimits, Policy, SocketTerms
from hil.protocol.records import SocketRecord
from hil.protocol.socket.machine import SocketMachine
from hil.protocol.socket.table import SocketState
from hil.rig.virtual.lockstep_clock import LockstepClock
from hil.tests.devices.device_pair import SEEDS, DevicePair, FallibleLedger
from hil.tests.protocol.desk import CHANGE, KEYS, PAYEE, SESSIONS, coin_of
from hil.tests.protocol.record_samples import socket_records

OWNER = Account(SEEDS["cable"]).key(RECEIVE, 0)


class MemoryBench:
    """A bench in memory with one socket under test: the far side of a LockstepClock, and its line."""

    name = "socket-link"

    def __init__(self) -> None:
        self.pair = DevicePair()
        self.pair.socket.supply(True)
        self.bytes_sent = 0
        self.bytes_received = 0
        self._written: list[bytes] = []
        self._listener: Callable[[bytes], None] = lambda data: None

    # the line, as the test side sees it

    def write(self, data: bytes) -> None:
        self.bytes_sent += len(data)
        self._written.append(data)

    def listen(self, listener: Callable[[bytes], None]) -> None:
        self._listener = listener

    def receive_until(self, total: int) -> None:
        data = self._from_device()[self.bytes_received : total]
        self.bytes_received = total
        if data:
            self._listener(data)

    # the bench

    def advance(
        self, until: float, received: Mapping[str, int], meanwhile: Callable[[], None]
    ) -> tuple[float, Mapping[str, int]]:
        meanwhile()
        assert received.get(self.name, 0) == self.bytes_sent
        before = len(self.pair.sent)
        while self._written:
            self.pair.socket.program.on_link_bytes(self._written.pop(0), self.pair.now)
        while len(self.pair.sent) == before and self.pair.now < until:
            due = self.pair.socket.program.next_deadline()
            self.pair.run(min(until, until if due is None else max(due, self.pair.now + 1e-9)))
        return self.pair.now, {self.name: len(self._from_device())}

    def _from_device(self) -> bytes:
        return b"".join(data for _, who, data in self.pair.sent if who == "socket")


def cable_endpoint(write: Callable[[bytes], None], coins: list[Coin], pair: DevicePair, most: int = 5) -> CableEndpoint:
    sessions = iter(SESSIONS)
    keys = {**KEYS, OWNER.p2wpkh_script: OWNER}
    machine = CableMachine(
        CableLimits(max_payments=most), Policy(), coins, keys, CHANGE.p2wpkh_script, lambda: next(sessions)
    )
    return CableEndpoint(
        machine,
        write=write,
        energy_wh=lambda: pair.energy_wh,
        power_w=pair.present_power,
        live=lambda: pair.closed,
        journal=MemoryJournal(),
    )


class CableCounterpart(Counterpart):
    """Knows that its endpoint is the first implementation's cable."""

    endpoint: CableEndpoint


def bench() -> tuple[MemoryBench, LockstepClock, CableCounterpart]:
    far = MemoryBench()
    clock = LockstepClock(far)
    clock.attach(far)
    endpoint = cable_endpoint(far.write, far.pair.coins, far.pair)
    return far, clock, CableCounterpart(endpoint, far, clock, endpoint.plug)


def test_a_counterpart_toasts_in_lockstep_with_a_bench() -> None:
    far, clock, counterpart = bench()
    counterpart.start()
    clock.sleep(150.0)
    assert far.pair.energy_wh == pytest.approx(40, abs=0.1)
    assert len(far.pair.ledger.sent) == 1
    assert counterpart.endpoint.machine.state is CableState.ENDED


def test_a_counterpart_says_nothing_before_it_starts() -> None:
    far, clock, _ = bench()
    clock.sleep(5.0)
    assert far.bytes_sent == 0


def test_a_counterpart_calls_once_a_second_until_it_is_answered() -> None:
    far, clock, counterpart = bench()
    far.pair.socket.supply(False)
    called: list[float] = []
    counterpart.endpoint.hooks.before_sending = lambda message: (called.append(clock.now()), (message,))[1]  # type: ignore[func-returns-value]
    counterpart.start()
    clock.sleep(3.5)
    assert called == [0.0, 1.0, 2.0, 3.0]


def test_a_stopped_counterpart_neither_says_nor_hears_anything_and_the_socket_gives_it_up() -> None:
    far, clock, counterpart = bench()
    far.pair.power_w = 10.0
    counterpart.start()
    clock.sleep(5.0)
    assert far.pair.closed
    counterpart.stop()
    sent, heard = far.bytes_sent, counterpart.endpoint.machine.state
    counterpart.poke()
    clock.sleep(70.0)
    assert (far.bytes_sent, counterpart.endpoint.machine.state) == (sent, heard)
    assert not far.pair.closed


def test_a_counterpart_that_is_stopped_by_what_it_hears_arms_no_timer() -> None:
    far, clock, counterpart = bench()
    counterpart.endpoint.hooks.before_sending = lambda message: (counterpart.stop(), (message,))[1]  # type: ignore[func-returns-value]
    counterpart.start()
    sent = far.bytes_sent
    clock.sleep(10.0)
    assert far.bytes_sent == sent > 0


def test_a_poked_counterpart_reads_its_meter_at_once() -> None:
    far, clock, counterpart = bench()
    counterpart.start()
    clock.sleep(5.0)
    endpoint = counterpart.endpoint
    assert isinstance(endpoint, CableEndpoint)
    before = endpoint.machine.used_mwh
    far.pair.energy_wh += 0.5
    counterpart.poke()
    assert endpoint.machine.used_mwh >= before + 500


@settings(derandomize=True, deadline=None, database=None, max_examples=20)
@given(st.lists(socket_records, max_size=4, unique_by=lambda record: record.n))
def test_the_journal_of_a_counterpart_keeps_every_payment_by_session_and_number(kept: list[SocketRecord]) -> None:
    journal = MemoryJournal()
    for record in kept:
        journal.remember(record)
    journal.forget()
    assert journal.transactions == ({b"session!": {each.n: each.transaction for each in kept}} if kept else {})


def test_two_counterparts_make_the_first_payment_over_tcp_on_the_wall_clock() -> None:
    clock, pair = WallClock(), DevicePair()
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = serial.serial_for_url(f"socket://127.0.0.1:{server.getsockname()[1]}")
        connection, _ = server.accept()
    coins = [coin_of(100_000)]
    line = SerialLine("cable-link", near)
    far = WireLine(connection)
    switched: list[bool] = []
    sells = SocketEndpoint(
        SocketMachine(SocketTerms(), Policy(), lambda: PAYEE.p2wpkh_script),
        write=far.write,
        set_contact=switched.append,
        energy_wh=lambda: 0.0,
        power_w=lambda: 0.0,
        ledger=FallibleLedger(coins),
        journal=MemoryJournal(),
        ledger_delay_s=0.0,
        hooks=EndpointHooks(),
    )
    clock.attach(line)
    clock.attach(far)
    socket_side, cable_side = (
        Counterpart(sells, far, clock),
        Counterpart(cable_endpoint(line.write, coins, pair), line, clock),
    )
    socket_side.start()
    cable_side.start()
    clock.wait_for(lambda: switched, timeout=5.0, what="a closed contact")
    assert switched == [True]
    assert sells.machine.state is SocketState.DELIVERING
    connection.close()
    near._socket.close()  # pyserial's own close() sleeps for 0.3 s


class WireLine:
    """The far end of a TCP line."""

    name = "socket-link"

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.listener: Callable[[bytes], None] = lambda data: None

    def write(self, data: bytes) -> None:
        self._connection.sendall(data)

    def listen(self, listener: Callable[[bytes], None]) -> None:
        self.listener = listener

    def fileno(self) -> int:
        return self._connection.fileno()

    def on_readable(self) -> None:
        self.listener(self._connection.recv(4096))
