"""Both reference devices on boards in memory, joined by a line that can be disturbed; virtual instants, no rig.

A contact falls open when its supply is cut; what is in the storage stays. After every event the auditor checks what
must be true (``audit.py``).
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from cobs import cobs

from hil.devices.firmware.cable import CableProgram
from hil.devices.firmware.socket import SocketProgram
from hil.devices.profiles import CableProfile, SocketProfile
from hil.fuzz.sessions.device import Device
from hil.fuzz.sessions.invariants import Auditor
from hil.fuzz.sessions.ledger import MemoryLedger, WatchedLedger
from hil.protocol.payment.account import RECEIVE, Account
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.wire.framing import CRC_SIZE, DELIMITER, encode_frame
from hil.protocol.wire.messages import (
    MESSAGE_TYPES,
    SESSION_SIZE,
    Hello,
    Message,
    Meter,
    PaymentRequest,
    decode_message,
    encode_message,
)
from hil.units import Satoshi

if TYPE_CHECKING:
    from hil.ports import LedgerView
    from hil.protocol.cable.machine import CableMachine
    from hil.protocol.socket.machine import SocketMachine

LINE_DELAY_S: Final = 0.001
_UNAUDITED: Final = {number for number, kind in MESSAGE_TYPES.items() if kind in {Hello, Meter, PaymentRequest}}
"""Types of messages that no rule is about; they are not decoded a second time."""
_MOST_EVENTS_AT_ONE_INSTANT: Final = 1000
_CABLES: Final = 64
OTHER: Final = {"socket": "cable", "cable": "socket"}

Cheat = Callable[[Message], Sequence[Message]]


class Simulation:
    """A socket, a cable, an appliance and a ledger.

    :param number: makes accounts and coins of this simulation its own.
    :param socket: profile of the socket, on top of one without boot time.
    :param coin_values: coins of the cable in satoshi, if ``ledger`` is one in memory.
    :param first_session: id of the cable's first session as a number; each next one is one more.
    :param ledger: the view that the socket gets, and the cable's coins on it; without it one in memory.
    """

    def __init__(
        self,
        number: int = 0,
        *,
        socket: Mapping[str, Any] | None = None,
        cable: Mapping[str, Any] | None = None,
        coin_values: Sequence[int] = (100_000,),
        power_w: float = 3000.0,
        ledger: tuple[LedgerView, Sequence[Coin]] | None = None,
        cable_seed: bytes = b"",
        first_session: int = 1,
    ) -> None:
        self.first_session = first_session
        self.now = 0.0
        self.energy_wh = 0.0
        self.power_w = power_w
        self.closed = False
        self.contact_stuck = False
        """The socket's contact does not close, whatever it is told: money taken, nothing delivered."""
        self.line_cut = False
        self.cheats: dict[str, Cheat | None] = {"socket": None, "cable": None}
        self.faults: dict[str, deque[tuple[str, float]]] = {"socket": deque(), "cable": deque()}
        """What happens to the next frames of a sender: ``drop``, ``twice``, ``flip`` (bit), ``cut`` (bytes), ``noise``
        (byte before it), ``late`` (seconds)."""
        self.heard: dict[str, list[bytes]] = {"socket": [], "cable": []}
        """Frames that a device has taken since it was powered on."""
        self.events = 0
        self.cable_seed = cable_seed or cable_seed_of(number)
        self.coins = list(ledger[1]) if ledger else _coins(self.cable_seed, coin_values)
        view = ledger[0] if ledger else MemoryLedger(self.coins)
        self.memory = view if isinstance(view, MemoryLedger) else None
        self.auditor = Auditor(self)
        self.ledger = WatchedLedger(view, self.auditor.on_broadcast)
        coins = [
            {"txid": c.outpoint.txid, "index": c.outpoint.index, "value_sat": int(c.value), "script": c.script.hex()}
            for c in self.coins
        ]
        seed = b"socket %10d" % number
        sells = SocketProfile.model_validate({"boot": (), "account": seed.hex(), **(socket or {})})
        buys = CableProfile.model_validate(
            {"boot": (), "coins": coins, "account": self.cable_seed.hex(), **(cable or {})}
        )
        self.socket = Device("socket", self, lambda board: SocketProgram(sells, board))
        self.cable = Device("cable", self, lambda board: CableProgram(buys, board))
        self.devices = {"socket": self.socket, "cable": self.cable}
        self._on_way: list[tuple[float, int, str, bytes, Message | None]] = []
        self._numbers = itertools.count()
        self._torn = {"socket": False, "cable": False}

    @property
    def socket_machine(self) -> SocketMachine | None:
        machine: SocketMachine | None = self.socket.machine
        return machine

    @property
    def cable_machine(self) -> CableMachine | None:
        machine: CableMachine | None = self.cable.machine
        return machine

    def supply(self, role: str, on: bool) -> None:
        """Switch the supply of a device; what it heard before does not count any more."""
        self.heard[role].clear()
        if not on:
            self.auditor.on_power_cut(role)
        self.devices[role].supply(on)
        self.check()

    def start(self) -> Simulation:
        self.supply("socket", True)
        self.supply("cable", True)
        return self

    def check(self) -> None:
        self.events += 1
        self.auditor.check()

    def carry(self, sender: str, frame: bytes) -> None:
        """Take one frame from a device and put what becomes of it on its way."""
        payload = cobs.decode(frame[:-1])[:-CRC_SIZE]
        cheat = self.cheats[sender]
        # the array starts with type number, session id, sequence: 8n tt 48 id ss
        if payload[1] in _UNAUDITED and cheat is None:
            self._put(sender, frame, None)
        else:
            message = decode_message(payload)
            self.auditor.on_said(sender, message)
            for told in (message,) if cheat is None else cheat(message):
                self._put(sender, frame if told is message else encode_frame(encode_message(told)), told)
        if sender == "socket" and payload[3 + SESSION_SIZE]:  # 0: about a session that it does not have
            self.auditor.on_talked(payload[3 : 3 + SESSION_SIZE])

    def _put(self, sender: str, frame: bytes, message: Message | None) -> None:
        faults = self.faults[sender]
        kind, value = faults.popleft() if faults else ("", 0.0)
        if kind in {"flip", "cut", "noise"}:
            frame, message = _damaged(frame, kind, int(value)), None
        due = self.now + LINE_DELAY_S + (value if kind == "late" else 0.0)
        for _ in range({"drop": 0, "twice": 2}.get(kind, 1)):
            heapq.heappush(self._on_way, (due, next(self._numbers), sender, frame, message))

    def run(self, until: float) -> None:
        """Let time pass to ``until``, event by event, with a check after each."""
        devices = (self.socket, self.cable)
        last, repeated = self.now, 0
        while self.now < until:
            dues = [device.program.next_deadline() if device.on else None for device in devices]
            then = min([until, *(due for due in dues if due is not None), *(way[0] for way in self._on_way[:1])])
            if then > self.now:
                if self.closed:
                    self._flow(then - self.now)
                self.now = then
            repeated = repeated + 1 if self.now == last else 0
            last = self.now
            if repeated > _MOST_EVENTS_AT_ONE_INSTANT:
                raise AssertionError(f"time stands still at {self.now:.3f} s")
            self._deliver()
            for device, due in zip(devices, dues, strict=True):
                if due is not None and due <= self.now and device.on:
                    device.program.on_time(self.now)
                    self.check()

    def run_for(self, seconds: float) -> None:
        self.run(self.now + seconds)

    def _flow(self, seconds: float) -> None:
        energy_wh = self.power_w * seconds / 3600
        self.energy_wh += energy_wh
        self.auditor.on_energy(energy_wh * 1000)
        self.check()

    def _deliver(self) -> None:
        while self._on_way and self._on_way[0][0] <= self.now:
            _, _, sender, frame, message = heapq.heappop(self._on_way)
            receiver = self.devices[OTHER[sender]]
            if receiver.on and not self.line_cut:
                if message is not None:
                    self.auditor.on_heard(receiver.role, message)
                    if receiver.machine is not None and message.sequence and not self._torn[sender]:
                        self.heard[receiver.role].append(frame)
                self._torn[sender] = not frame.endswith(DELIMITER)
                receiver.program.on_link_bytes(frame, self.now)
                self.check()


def cable_seed_of(number: int) -> bytes:
    """Return the cable's account; accounts recur, so that coins need no derivation of their own."""
    return b"cable %010d" % (number % _CABLES)


@lru_cache(maxsize=1024)
def _script_of(seed: bytes) -> bytes:
    return Account(seed).key(RECEIVE, 0).p2wpkh_script


def _coins(seed: bytes, values: Sequence[int]) -> list[Coin]:
    script = _script_of(seed)
    return [Coin(OutPoint(f"{index:064x}", index), Satoshi(value), script) for index, value in enumerate(values, 1)]


def _damaged(frame: bytes, kind: str, value: int) -> bytes:
    place = value % (8 * len(frame))
    if kind == "cut":
        return frame[: place // 8]
    if kind == "noise":
        return bytes([value % 255 + 1]) + frame
    return frame[: place // 8] + bytes([frame[place // 8] ^ 1 << place % 8]) + frame[place // 8 + 1 :]
