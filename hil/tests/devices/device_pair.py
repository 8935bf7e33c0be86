"""The reference socket and cable, as programs on boards in memory, joined by a line that can be disturbed.

No rig and no chain, virtual instants; for tests only. The contact falls open and the console falls silent when a
supply is cut; what is in the storage stays.
"""

from __future__ import annotations

import dataclasses
import hashlib
import heapq
import itertools
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hil.chain.client.rpc import LedgerUnavailable
from hil.devices.board import Board
from hil.devices.firmware.cable import CableProgram
from hil.devices.firmware.factory import build
from hil.devices.firmware.socket import SocketProgram
from hil.devices.storage.journal import DeviceJournal
from hil.errors import RigFault
from hil.ports import Acceptance, CoinStatus
from hil.protocol.cable.machine import CableMachine
from hil.protocol.payment.account import RECEIVE, Account
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.socket.machine import SocketMachine
from hil.protocol.wire.framing import FrameDecoder, encode_frame
from hil.protocol.wire.messages import Message, decode_message, encode_message
from hil.tests.protocol.pair import MemoryLedger
from hil.units import Satoshi, Watt, WattHour

SEEDS = {role: hashlib.sha256(role.encode()).digest() for role in ("socket", "cable")}
LINE_DELAY_S = 0.001
Change = Callable[[Message], Sequence[Message]]


class MemoryStorage:
    """Records that survive power cuts."""

    def __init__(self) -> None:
        self.records: dict[str, bytes] = {}

    def read(self, name: str) -> bytes | None:
        return self.records.get(name)

    def write(self, name: str, record: bytes) -> None:
        self.records[name] = record


class FallibleLedger(MemoryLedger):
    """A ledger that can be out of reach, for a while or from the n-th question on, or late with its answers."""

    def __init__(self, coins: list[Coin]) -> None:
        super().__init__(coins)
        self.available = True
        self.is_ready = True
        self.questions = 0
        self.fails_at: range | None = None
        self.late_s = 0.0

    def spend_elsewhere(self) -> None:
        """Somebody spends all coins that there are; the newest transactions of open sessions are worth nothing."""
        self.coins.clear()
        self.conflicting = "ab" * 32

    def ready(self) -> bool:
        self._answer()
        return self.is_ready

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        self._answer()
        return super().coin(outpoint)

    def accepts(self, transaction: bytes) -> Acceptance:
        self._answer()
        return super().accepts(transaction)

    def broadcast(self, transaction: bytes) -> Acceptance:
        self._answer()
        return super().broadcast(transaction)

    def conflict(self, transaction: bytes) -> str | None:
        self._answer()
        return super().conflict(transaction)

    def _answer(self) -> None:
        self.questions += 1
        if not self.available or (self.fails_at is not None and self.questions in self.fails_at):
            raise LedgerUnavailable("no answer", place="ledger in memory")


class Device:
    """A program, its board and its supply."""

    def __init__(self, role: str, profile: Mapping[str, Any], pair: DevicePair) -> None:
        self.role = role
        self.on = False
        self.storage = MemoryStorage()
        self.console = ""
        self.position: bool | None = None
        """What the auxiliary contact says; None: there is none."""
        self.meter_fault = ""
        """``silent``, ``frozen`` (energy, not power), or none."""
        self._frozen_wh = 0.0
        self._pair = pair
        self._meter_origin = 0.0
        self._entropy = itertools.count()
        board = Board(
            link=_Output(lambda data: pair.carry(self, data)),
            console=_Output(self._print),
            contact=_Switch(self._switch),
            meter=self,
            storage=self.storage,
            ledger=pair.ledger if role == "socket" else None,
            entropy=self._random,
            ledger_late_s=lambda: pair.ledger.late_s,
            contact_position=lambda: self.position,
        )
        self.program: SocketProgram | CableProgram = build(role, profile, board)  # type: ignore[assignment]

    @property
    def endpoint(self) -> Any:
        return self.program._endpoint

    def energy(self) -> WattHour:
        if self.meter_fault == "silent":
            raise RigFault("the energy meter does not answer", place="meter")
        if self.meter_fault != "frozen":
            self._frozen_wh = self._pair.energy_wh - self._meter_origin
        return WattHour(self._frozen_wh)

    def power(self) -> Watt:
        return Watt(self._pair.present_power())

    def live(self) -> bool:
        return self._pair.closed

    def supply(self, on: bool) -> None:
        if on == self.on:
            return
        self.on = on
        if on:
            self._meter_origin = self._pair.energy_wh
            self.program.power_on(self._pair.now)
            return
        self.program.power_off(self._pair.now)
        self._switch(False)

    def _switch(self, closed: bool) -> None:
        if self.role == "socket":
            self._pair.closed = closed and self.on

    def _print(self, data: bytes) -> None:
        if self.on:
            self.console += data.decode()

    def _random(self, count: int) -> bytes:
        return hashlib.sha256(f"{self.role} {next(self._entropy)}".encode()).digest()[:count]


@dataclasses.dataclass
class _Output:
    write: Callable[[bytes], None]


@dataclasses.dataclass
class _Switch:
    switch: Callable[[bool], None]

    def set(self, *, closed: bool) -> None:
        self.switch(closed)


class DevicePair:
    """Both devices; the appliance draws ``power_w`` while power flows."""

    def __init__(
        self,
        *,
        socket: Mapping[str, Any] | None = None,
        cable: Mapping[str, Any] | None = None,
        coin_values: Sequence[int] = (100_000,),
        power_w: float = 1300.0,
    ) -> None:
        self.now = 0.0
        self.energy_wh = 0.0
        self.power_w = power_w
        self.closed = False
        self.check: Callable[[], None] = lambda: None
        self.sent: list[tuple[float, str, bytes]] = []
        """Every frame that a device sent: when, who, bytes."""
        self.faults: dict[str, deque[tuple[str, float]]] = {"socket": deque(), "cable": deque()}
        """What happens to the next frames of a sender: ``drop``, ``twice``, ``flip`` (bit), ``late`` (seconds)."""
        self.alter: dict[str, Change | None] = {"socket": None, "cable": None}
        self.line_cut = False
        script = Account(SEEDS["cable"]).key(RECEIVE, 0).p2wpkh_script
        self.coins = [
            Coin(OutPoint(f"{index + 1:064x}", index), Satoshi(value), script)
            for index, value in enumerate(coin_values)
        ]
        self.ledger = FallibleLedger(self.coins)
        coins = [
            {"txid": c.outpoint.txid, "index": c.outpoint.index, "value_sat": int(c.value), "script": c.script.hex()}
            for c in self.coins
        ]
        quick: dict[str, Any] = {"boot": ()}
        profiles = {"socket": quick | dict(socket or {}), "cable": quick | {"coins": coins} | dict(cable or {})}
        self._on_way: list[tuple[float, int, str, bytes]] = []
        self._numbers = itertools.count()
        self.devices = {
            role: Device(role, profile | {"account": SEEDS[role].hex()}, self) for role, profile in profiles.items()
        }
        self.socket, self.cable = self.devices["socket"], self.devices["cable"]

    @property
    def socket_machine(self) -> SocketMachine | None:
        """The socket's machine; None while it boots or is off."""
        endpoint = self.socket.endpoint
        return endpoint.machine if endpoint is not None else None

    @property
    def cable_machine(self) -> CableMachine | None:
        endpoint = self.cable.endpoint
        return endpoint.machine if endpoint is not None else None

    def journal(self) -> DeviceJournal:
        return DeviceJournal(self.socket.storage)

    def present_power(self) -> float:
        return self.power_w if self.closed else 0.0

    def start(self) -> DevicePair:
        self.socket.supply(True)
        self.cable.supply(True)
        return self

    def carry(self, sender: Device, data: bytes) -> None:
        """Take one frame from a device and put what becomes of it on its way."""
        self.sent.append((self.now, sender.role, data))
        change = self.alter[sender.role]
        for frame in [data] if change is None else _altered(data, change):
            kind, value = self.faults[sender.role].popleft() if self.faults[sender.role] else ("", 0.0)
            if kind == "flip":
                place = int(value) % (8 * len(frame))
                flipped = frame[place // 8] ^ 1 << place % 8
                frame = frame[: place // 8] + bytes([flipped]) + frame[place // 8 + 1 :]
            due = self.now + LINE_DELAY_S + (value if kind == "late" else 0.0)
            for _ in range({"drop": 0, "twice": 2}.get(kind, 1)):
                heapq.heappush(self._on_way, (due, next(self._numbers), sender.role, frame))

    def run(self, until: float) -> None:
        """Let time pass to ``until``, event by event, with a check after each."""
        while self.now < until:
            dues = [d.program.next_deadline() for d in self.devices.values() if d.on]
            dues += [self._on_way[0][0]] if self._on_way else []
            then = min([until, *(max(due, self.now) for due in dues if due is not None)])
            self.energy_wh += self.present_power() * (then - self.now) / 3600
            self.now = then
            self.check()
            while self._on_way and self._on_way[0][0] <= self.now:
                _, _, sender, data = heapq.heappop(self._on_way)
                receiver = self.devices["cable" if sender == "socket" else "socket"]
                if receiver.on and not self.line_cut:
                    receiver.program.on_link_bytes(data, self.now)
                    self.check()
            for device in self.devices.values():
                due = device.program.next_deadline() if device.on else None
                if due is not None and due <= self.now:
                    device.program.on_time(self.now)
                    self.check()

    def run_for(self, seconds: float) -> None:
        self.run(self.now + seconds)


def _altered(frame: bytes, change: Change) -> list[bytes]:
    (payload,) = FrameDecoder().feed(frame)
    assert isinstance(payload, bytes)
    return [encode_frame(encode_message(message)) for message in change(decode_message(payload))]
