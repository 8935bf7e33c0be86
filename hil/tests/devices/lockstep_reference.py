"""The reference firmware as a program of its own that speaks the lockstep device protocol.

Run by a rig file's ``command: [python, -m, hil.tests.devices.lockstep_reference]``. It shows that the protocol gives a
device all that it needs: the same firmware behaves alike inside the bench and outside of it.
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
from hil.devices.firmware.factory import build
from hil.errors import RigFault
from hil.ports import Acceptance, CoinStatus
from hil.units import Satoshi, Watt, WattHour

if TYPE_CHECKING:
    from hil.protocol.payment.coins import OutPoint


def read_line() -> str:
    line = sys.stdin.readline()
    if not line:
        raise SystemExit(0)  # the bench has ended
    return line.rstrip("\n")


def not_before(instant: float) -> int:
    """Return the first whole microsecond at which a float of seconds has come."""
    time = math.floor(instant * 1e6)
    while time / 1e6 < instant:
        time += 1
    return time


class Bench:
    """The bench as the program sees it: events in, lines of answers out."""

    def __init__(self) -> None:
        self.settings = dict(read_line().partition(" ")[::2] for _ in range(5))
        self.now = 0.0
        self.meter: list[int] | None = None
        self.contact = self.plug = ""
        self._waiting: deque[tuple[str, list[str]]] = deque()
        self._numbers = 0

    def event(self) -> tuple[str, list[str]]:
        """Return the next event and its words, those first that came while the ledger was asked."""
        return self._waiting.popleft() if self._waiting else self._read()

    def _read(self) -> tuple[str, list[str]]:
        at, time, *state = read_line().split(" ")
        meter, (self.contact, self.plug, kind, *words) = state[:4], state[4:]
        if at != "at":
            raise ValueError(f"an event begins with 'at', not '{at}'")
        self.now = int(time) / 1e6
        self.meter = None if meter[0] == "-" else list(map(int, meter))
        return kind, words

    def say(self, line: str) -> None:
        sys.stdout.write(f"{line}\n")

    def until(self, deadline: float | None) -> None:
        """End the answer; wait no longer than until ``deadline``."""
        if self._waiting:
            return  # the event that is served next was answered when it came
        self.say("until never" if deadline is None else f"until {not_before(deadline)}")
        sys.stdout.flush()

    def ask(self, question: str) -> list[str]:
        """Ask the ledger, and serve nothing until it has answered, as firmware does that blocks in a call."""
        self._numbers += 1
        self.say(f"ask {self._numbers} {question}")
        while True:
            self.say("until never")
            sys.stdout.flush()
            kind, words = self._read()
            if kind == "ledger" and words[0] == str(self._numbers):
                break
            self._waiting.append((kind, words))
        if words[1] == "silent":
            raise RigFault(" ".join(words[2:]))
        return words[1:]


class Ledger:
    def __init__(self, bench: Bench) -> None:
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


class OwnMeter:
    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def _value(self, number: int) -> int:
        if self._bench.meter is None:
            raise RigFault("the energy meter does not answer", place="meter")
        return self._bench.meter[number]

    def energy(self) -> WattHour:
        return WattHour(self._value(3) / 1e6)

    def power(self) -> Watt:
        return Watt(self._value(2) / 1e3)

    def live(self) -> bool:
        return self._value(0) > 0


class Output:
    def __init__(self, bench: Bench, word: str) -> None:
        self._bench, self._word = bench, word

    def write(self, data: bytes) -> None:
        if self._word == "link":
            self._bench.say(f"link {data.hex()}")
            return
        for line in data.decode().splitlines():
            self._bench.say(f"console {line}")


class CoilOutput:
    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def set(self, *, closed: bool) -> None:
        if self._bench.contact != "-":
            self._bench.say(f"contact {'closed' if closed else 'open'}")


class Files:
    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def read(self, name: str) -> bytes | None:
        path = self._folder / name
        return path.read_bytes() if path.exists() else None

    def write(self, name: str, record: bytes) -> None:
        (self._folder / name).write_bytes(record)


class Drawn:
    """Random bytes from the seed that the bench gives at each power-on."""

    def __init__(self, seed: bytes) -> None:
        self._seed, self._count = seed, 0

    def __call__(self, count: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(self._seed + bytes([self._count])).digest(count)


def main() -> None:
    bench = Bench()
    role = bench.settings["role"]
    kind, words = bench.event()
    board = Board(
        link=Output(bench, "link"),
        console=Output(bench, "console"),
        contact=CoilOutput(bench),
        meter=OwnMeter(bench),
        storage=Files(bench.settings["storage"]),
        ledger=Ledger(bench) if role == "socket" else None,
        entropy=Drawn(bytes.fromhex(bench.settings["seed"])),
        contact_position=lambda: None if bench.contact == "-" else bench.contact == "closed",
    )
    program = build(role, json.loads(bench.settings["profile"]), board)
    bench.say(f"identity reference firmware {__version__} in lockstep")
    while True:
        match kind:
            case "power-on":
                program.power_on(bench.now)
            case "link":
                program.on_link_bytes(bytes.fromhex(words[0]), bench.now)
            case "plug":
                program.on_plug(bench.plug == "in", bench.now)
            case _:
                program.on_time(bench.now)
        bench.until(program.next_deadline())
        kind, words = bench.event()


if __name__ == "__main__":
    main()
