"""A reference device in step with a bench, as a program of its own (docs/reference/lockstep-device.md).

The same firmware as inside the virtual bench. It shows that the protocol gives a device all that it needs, and lets a
reference device run where its code can be another one than that of the bench.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from hil import __version__
from hil.devices.board import Board
from hil.devices.defects import policy_of
from hil.devices.firmware.factory import build
from hil.devices.storage.file_storage import FileStorage
from hil.devices.storage.journal import PLACE
from hil.errors import ConfigurationError, ExitCode, RigFault
from hil.ports import Acceptance, CoinStatus
from hil.units import Satoshi, Watt, WattHour

if TYPE_CHECKING:
    from hil.devices.board import Program
    from hil.protocol.payment.coins import OutPoint

MICROSECONDS = 1_000_000


class _BenchEnded(Exception):
    """The bench writes no more."""


def run_in_lockstep() -> ExitCode:
    """Serve the bench on standard input and output until it ends; raises ConfigurationError for another protocol."""
    try:
        bench = _Bench()
        kind, words = bench.event()
        program = _program(bench)
        bench.say(f"identity micropay-hil {__version__} reference {bench.settings['role']}")
        while True:
            _serve(program, bench, kind, words)
            bench.until(program.next_deadline())
            kind, words = bench.event()
    except _BenchEnded:
        return ExitCode.PASS


def _program(bench: _Bench) -> Program:
    role = bench.settings["role"]
    profile = json.loads(bench.settings["profile"])
    bench.patience_s = policy_of(profile.get("defects", ())).ledger_answer_s
    board = Board(
        link=_Output(bench, "link"),
        console=_Output(bench, "console"),
        contact=_Coil(bench),
        meter=_Meter(bench),
        storage=_opened(bench),
        ledger=_Ledger(bench) if role == "socket" else None,
        entropy=_Entropy(bytes.fromhex(bench.settings["seed"])),
        contact_position=lambda: None if bench.contact == "-" else bench.contact == "closed",
    )
    return build(role, profile, board)


def _opened(bench: _Bench) -> FileStorage:
    """Return the storage; what keeps it from being opened is told on the console before it ends the program."""
    try:
        return FileStorage(Path(bench.settings["storage"]), place=PLACE)
    except RigFault as fault:
        bench.say(f"console {bench.settings['role']}: halted: {fault}")
        raise


def _serve(program: Program, bench: _Bench, kind: str, words: list[str]) -> None:
    match kind:
        case "power-on":
            program.power_on(bench.now)
        case "link":
            program.on_link_bytes(bytes.fromhex(words[0]), bench.now)
        case "plug":
            program.on_plug(bench.plug == "in", bench.now)
        case "ledger":
            pass  # the answer to a question that was given up
        case _:
            program.on_time(bench.now)


def _not_before(instant: float) -> int:
    """Return the first whole microsecond at which a float of seconds has come."""
    time = math.floor(instant * MICROSECONDS)
    while time / MICROSECONDS < instant:
        time += 1
    return time


class _Bench:
    """The bench as the program sees it: events in, lines of answers out."""

    def __init__(self) -> None:
        self.settings = dict(self._line().partition(" ")[::2] for _ in range(5))
        if self.settings.get("lockstep") != "1":
            raise ConfigurationError("what came is not the beginning of the lockstep device protocol, version 1")
        self.now = 0.0
        self.meter: list[int] | None = None
        self.contact = self.plug = ""
        self.patience_s = math.inf
        """How long the firmware waits for an answer of the ledger."""
        self._waiting: deque[tuple[str, list[str]]] = deque()
        self._numbers = 0

    def event(self) -> tuple[str, list[str]]:
        """Return the next event and its words, those first that came while the ledger was asked."""
        return self._waiting.popleft() if self._waiting else self._read()

    def say(self, line: str) -> None:
        """Write one line of an answer."""
        sys.stdout.write(f"{line}\n")

    def until(self, deadline: float | None) -> None:
        """End the answer: to be woken at ``deadline`` at the latest."""
        if self._waiting:
            return  # what waits is served first, and belongs to the same answer
        self.say("until never" if deadline is None else f"until {_not_before(deadline)}")
        sys.stdout.flush()

    def ask(self, question: str) -> list[str]:
        """Ask the ledger, and serve nothing until it has answered, as firmware does that blocks in a call.

        Raises RigFault if it gives no answer, or none in time; an answer that comes later is dropped.
        """
        self._numbers += 1
        self.say(f"ask {self._numbers} {question}")
        until = self.now + self.patience_s
        while True:
            self.say("until never" if math.isinf(until) else f"until {_not_before(until)}")
            sys.stdout.flush()
            kind, words = self._read()
            if kind == "ledger" and words[0] == str(self._numbers):
                break
            if kind != "ledger":
                self._waiting.append((kind, words))
            if self.now >= until:
                raise RigFault(f"gave no answer within {self.patience_s:g} s")
        if words[1] == "silent":
            raise RigFault(" ".join(words[2:]))
        return words[1:]

    def _read(self) -> tuple[str, list[str]]:
        _, time, *state = self._line().split(" ")
        meter, (self.contact, self.plug, kind, *words) = state[:4], state[4:]
        self.now = int(time) / MICROSECONDS
        self.meter = None if meter[0] == "-" else list(map(int, meter))
        return kind, words

    @staticmethod
    def _line() -> str:
        line = sys.stdin.readline()
        if not line:
            raise _BenchEnded
        return line.rstrip("\n")


class _Ledger:
    """Implements :class:`hil.ports.LedgerView`."""

    def __init__(self, bench: _Bench) -> None:
        self._ask = bench.ask

    def ready(self) -> bool:
        return self._ask("ready") == ["yes"]

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        value, *more = self._ask(f"coin {outpoint.txid} {outpoint.index}")
        return CoinStatus(Satoshi(int(value)), bytes.fromhex(more[0]), int(more[1])) if more else None

    def accepts(self, transaction: bytes) -> Acceptance:
        return self._acceptance(f"accepts {transaction.hex()}")

    def broadcast(self, transaction: bytes) -> Acceptance:
        return self._acceptance(f"broadcast {transaction.hex()}")

    def _acceptance(self, question: str) -> Acceptance:
        word, *reason = self._ask(question)
        return Acceptance(word == "yes", " ".join(reason))

    def conflict(self, transaction: bytes) -> str | None:
        (word,) = self._ask(f"conflict {transaction.hex()}")
        return None if word == "none" else word


class _Meter:
    """Implements :class:`hil.devices.board.MeasuringMeter`: mV, mA, mW and µWh of the newest event."""

    def __init__(self, bench: _Bench) -> None:
        self._bench = bench

    def energy(self) -> WattHour:
        return WattHour(self._value(3) / 1e6)

    def power(self) -> Watt:
        return Watt(self._value(2) / 1e3)

    def live(self) -> bool:
        return self._value(0) > 0

    def voltage(self) -> float:
        return self._value(0) / 1e3

    def current(self) -> float:
        return self._value(1) / 1e3

    def _value(self, number: int) -> int:
        if self._bench.meter is None:
            raise RigFault("the energy meter does not answer", place="meter")
        return self._bench.meter[number]


class _Output:
    """The link, or the console."""

    def __init__(self, bench: _Bench, word: str) -> None:
        self._bench, self._word = bench, word

    def write(self, data: bytes) -> None:
        if self._word == "link":
            self._bench.say(f"link {data.hex()}")
            return
        for line in data.decode().splitlines():
            self._bench.say(f"console {line}")


class _Coil:
    """The coil of the contact; a cable has none."""

    def __init__(self, bench: _Bench) -> None:
        self._bench = bench

    def set(self, *, closed: bool) -> None:
        if self._bench.contact != "-":
            self._bench.say(f"contact {'closed' if closed else 'open'}")


class _Entropy:
    """Random bytes from the seed that the bench gives at each power-on."""

    def __init__(self, seed: bytes) -> None:
        self._seed, self._draws = seed, 0

    def __call__(self, count: int) -> bytes:
        self._draws += 1
        return hashlib.shake_256(self._seed + self._draws.to_bytes(4, "big")).digest(count)
