"""A device's program in a process of its own that speaks the lockstep device protocol.

Stands where a program in Python stands (:class:`hil.devices.board.Program`). The process begins at power-on; cutting
the power is ``kill -9``. See docs/reference/lockstep-device.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.devices.board import REGISTER_WH
from hil.devices.lockstep.answering_process import AnsweringProcess, NoAnswer
from hil.devices.lockstep.lines import (
    MICROSECONDS,
    Ask,
    BoardState,
    Drive,
    Identify,
    Print,
    SendLink,
    Until,
    WrongAnswer,
    parse,
    preamble,
)
from hil.errors import DeviceFailed, RigFault
from hil.protocol.payment.coins import OutPoint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from hil.devices.board import Board, MeasuringMeter
    from hil.devices.lockstep.command import DeviceCommand
    from hil.ports import Acceptance, LedgerView


REGISTER_UWH = REGISTER_WH * 10**6
"""The register of the meter as the program is told it, in µWh."""


class ProgramEnded(DeviceFailed):
    """The program ended by itself, with an exit code."""


class LockstepProgram:
    """One device's program between power-on and power-off, and its questions to the ledger that are under way.

    :param meter: the device's own.
    :param plugged: tells whether the cable sits in the socket; None where the board has no plug contact: then it is in.
    :param storage: its folder, which exists.
    :param present: the present instant where time passes while the program answers: on the wall clock. Its time then
        begins when it has answered for the first time; else all that its start took would be missing in its first wait.
    """

    def __init__(
        self,
        role: str,
        profile: Mapping[str, object],
        board: Board,
        *,
        command: DeviceCommand,
        meter: MeasuringMeter,
        plugged: Callable[[], bool | None],
        storage: Path,
        present: Callable[[], float] | None = None,
    ) -> None:
        self._role = role
        self._profile = profile
        self._board = board
        self._command = command
        self._meter = meter
        self._plugged = plugged
        self._storage = storage
        self._present = present
        self._start_took = 0.0
        self._process: AnsweringProcess | None = None
        self._plug: bool | None = None
        """Position of the plug contact, as it was told last; None for a cable."""
        self._driven: bool | None = None
        """What the coil was told last; None for a cable."""
        self._wake: int | None = None
        self._answers: list[tuple[float, int, str]] = []
        """Answers of the ledger that are under way: when each arrives, the number of its question, its words."""

    @property
    def pid(self) -> int | None:
        """Process id while the device runs."""
        return None if self._process is None else self._process.pid

    def power_on(self, now: float) -> None:
        """Start the program; raises DeviceFailed if it does not answer, OSError if this machine starts no process."""
        self.power_off(now)
        self._process = AnsweringProcess(f"{self._role}'s program", self._command)
        if self._role == "socket":
            felt = self._plugged()
            self._plug, self._driven = felt is None or felt, False
        seed = self._board.entropy(32)
        self._start_took = 0.0
        self._exchange("power-on", now, preamble(self._role, seed, str(self._storage), self._profile))
        self._start_took = 0.0 if self._present is None else self._present() - now

    def power_off(self, now: float) -> None:
        """Kill the program; it has no time to notice."""
        process, self._process = self._process, None
        self._wake = None
        self._answers.clear()
        if process is not None:
            process.kill()

    def on_link_bytes(self, data: bytes, now: float) -> None:
        """Tell it that bytes came on the link."""
        self._exchange(f"link {data.hex()}", now)

    def on_plug(self, plugged: bool, now: float) -> None:
        """Tell it that the plug contact moved."""
        if self._plug is not None:
            self._plug = plugged
            self._exchange("plug", now)

    def on_time(self, now: float) -> None:
        """Tell it the answers of the ledger that have arrived, or that its instant has come."""
        if self._answers and self._answers[0][0] <= now:
            _, number, words = self._answers.pop(0)
            self._exchange(f"ledger {number} {words}", now)
        elif self._wake is not None and self._wake <= self._microseconds(now):
            self._exchange("time", now)

    def next_deadline(self) -> float | None:
        """Return the instant at which ``on_time`` must be called at the latest; None if nothing is due."""
        wake = None if self._wake is None else self._wake / MICROSECONDS + self._start_took
        dues = [due for due in (wake, self._answers[0][0] if self._answers else None) if due is not None]
        return min(dues, default=None)

    # --- one event and its answer ------------------------------------------------------------------------------

    def _exchange(self, event: str, now: float, before: str = "") -> None:
        if self._process is None:
            return
        kind = event.partition(" ")[0]
        try:
            for line in self._process.ask(f"{before}{self._state(now).event(event)}"):
                if self._carry_out(line, now):
                    return
        except NoAnswer as error:
            raise self._failed(f"{error}, when it was told '{kind}'", ended=error.ended) from None
        except WrongAnswer as error:
            raise self._failed(f"answered '{kind}' with a line that is not allowed: {error}") from None

    def _state(self, now: float) -> BoardState:
        meter = self._meter
        try:
            values = (
                round(meter.voltage() * 1e3),
                round(meter.current() * 1e3),
                round(meter.power() * 1e3),
                round(meter.energy() * 1e6) % REGISTER_UWH,
            )
        except RigFault:
            return BoardState(self._microseconds(now), None, self._contact(), self._plug)
        return BoardState(self._microseconds(now), values, self._contact(), self._plug)

    def _microseconds(self, now: float) -> int:
        """Return an instant as the program is told it."""
        return round((now - self._start_took) * MICROSECONDS)

    def _contact(self) -> bool | None:
        """Return the position of the power contact, as far as the board tells it; None for a cable."""
        position = self._board.contact_position()
        return self._driven if position is None else position

    def _carry_out(self, line: str, now: float) -> bool:
        """Do what one line of an answer says; tell whether it was the last one."""
        match parse(line):
            case SendLink(data):
                self._board.link.write(data)
            case Print(text):
                self._board.console.write(f"{text}\r\n".encode())
            case Identify(text):
                self._board.identify(text)
            case Drive(closed):
                if self._role != "socket":
                    raise WrongAnswer("this board has no contact; only a socket's has")
                self._driven = closed
                self._board.contact.set(closed=closed)
            case Ask() as ask:
                self._ask(ask, now)
            case Until(time):
                self._wake = time
                return True
        return False

    # --- the ledger --------------------------------------------------------------------------------------------

    def _ask(self, ask: Ask, now: float) -> None:
        ledger = self._board.ledger
        if ledger is None:
            raise WrongAnswer("this board has no ledger; only a socket's has")
        if any(number == ask.number for _, number, _ in self._answers):
            raise WrongAnswer(f"question {ask.number} is still open")
        try:
            words = _answer(ledger, ask)
        except RigFault as fault:
            words = f"silent {' '.join(fault.what.split())}"
        except ValueError as error:
            raise WrongAnswer(str(error)) from None
        self._answers.append((now + self._board.ledger_late_s(), ask.number, words))
        self._answers.sort(key=lambda answer: answer[0])  # stable: questions of one instant keep their order

    def _failed(self, what: str, *, ended: bool = False) -> DeviceFailed:
        """Return the failure, with the program's last words; it runs no more."""
        process = self._process
        self.power_off(0.0)
        words = "" if process is None else process.last_words()
        kind = ProgramEnded if ended else DeviceFailed
        return kind(self._role, f"its program {what}; its last words: {words or 'none'}")


def _answer(ledger: LedgerView, ask: Ask) -> str:
    match ask.question:
        case "ready":
            return "yes" if ledger.ready() else "no"
        case "coin":
            coin = ledger.coin(OutPoint(ask.txid, ask.index))
            return "none" if coin is None else f"{int(coin.value)} {coin.script.hex()} {coin.confirmations}"
        case "accepts":
            return _verdict(ledger.accepts(ask.transaction))
        case "broadcast":
            return _verdict(ledger.broadcast(ask.transaction))
        case _:
            return ledger.conflict(ask.transaction) or "none"


def _verdict(acceptance: Acceptance) -> str:
    return "yes" if acceptance.allowed else f"no {' '.join(acceptance.reason.split())}"
