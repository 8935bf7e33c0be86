"""The firmware of the reference devices: boot stages on the console, then the protocol."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from hil.devices.journal import DeviceJournal
from hil.devices.profiles import CableProfile, DeviceProfile, SocketProfile
from hil.errors import ConfigurationError, RigFault
from hil.links.players import CablePlayer, PlayerHooks, SocketPlayer
from hil.protocol.account import CHANGE, RECEIVE, Account
from hil.protocol.cable import CableMachine
from hil.protocol.policy import CableLimits, Policy
from hil.protocol.socket import SocketMachine

if TYPE_CHECKING:
    from hil.devices.board import Board, Program

LEDGER_RETRY_S = 1.0
"""A socket whose ledger is not ready asks again this often and offers nothing meanwhile."""

FUNDING_KEYS = 4
"""How many receiving keys a cable holds ready for the coins it is given."""


class _Firmware(abc.ABC):
    """Boot stages, console, and the player that runs once they are through."""

    def __init__(self, role: str, profile: DeviceProfile, board: Board) -> None:
        self._role = role
        self._stages = profile.boot_stages()
        self._board = board
        self._journal = DeviceJournal(board.storage)
        self._account = Account(bytes.fromhex(profile.account))
        self._player: SocketPlayer | CablePlayer | None = None
        self._stage = 0
        self._stage_ends: float | None = None
        self._origin = 0.0

    @abc.abstractmethod
    def _start(self, now: float) -> SocketPlayer | CablePlayer | None:
        """Build the player; None if what it needs is not ready and the last stage must be repeated."""

    def power_on(self, now: float) -> None:
        self._origin, self._stage, self._player = now, 0, None
        self._enter_stage(now)

    def power_off(self, now: float) -> None:
        self._player, self._stage_ends = None, None

    def on_link_bytes(self, data: bytes, now: float) -> None:
        if self._player is not None:
            self._player.on_bytes(data, now)

    def on_time(self, now: float) -> None:
        if self._stage_ends is not None and now >= self._stage_ends:
            self._stage += 1
            self._enter_stage(now)
        elif self._player is not None:
            self._player.on_time(now)

    def next_deadline(self) -> float | None:
        return self._player.next_deadline() if self._player is not None else self._stage_ends

    def _enter_stage(self, now: float) -> None:
        if self._stage < len(self._stages):
            stage = self._stages[self._stage]
            self._say(stage.name, now)
            self._stage_ends = now + stage.seconds
            return
        self._player = self._start(now)
        if self._player is None:
            self._stage_ends = now + LEDGER_RETRY_S
            return
        self._stage_ends = None
        self._say("ready", now)

    def _say(self, text: str, now: float) -> None:
        self._board.console.write(f"[{now - self._origin:10.3f}] {self._role}: {text}\r\n".encode())

    def _hooks(self) -> PlayerHooks:
        # the console has no clock of its own: a note carries no stamp, the bench stamps it on arrival
        say = self._board.console.write
        return PlayerHooks(
            on_note=lambda text: say(f"{self._role}: {text}\r\n".encode()),
            on_contact=lambda closed, reason: say(
                f"{self._role}: contact {'closed' if closed else 'open'} ({reason})\r\n".encode()
            ),
            on_session_end=lambda reason, payments: self._journal.forget(),
        )


class SocketProgram(_Firmware):
    """The reference socket."""

    def __init__(self, profile: SocketProfile, board: Board) -> None:
        super().__init__("socket", profile, board)
        self._socket_profile = profile

    def _start(self, now: float) -> SocketPlayer | None:
        ledger = self._board.ledger
        if ledger is None:
            raise ConfigurationError("a socket needs a view of the ledger", remedy="Give the virtual bench a node.")
        try:
            if not ledger.ready():
                return None
            self._settle_open_session(now)
        except RigFault as lost:
            self._say(f"ledger unavailable: {lost.what}", now)
            return None
        board, profile = self._board, self._socket_profile
        return SocketPlayer(
            SocketMachine(profile.terms(), Policy(), self._new_payee),
            write=board.link.write,
            set_contact=lambda closed: board.contact.set(closed=closed),
            energy_wh=board.meter.energy,
            power_w=board.meter.power,
            ledger=ledger,
            journal=self._journal,
            ledger_delay_s=profile.ledger_delay_s,
            hooks=self._hooks(),
        )

    def _settle_open_session(self, now: float) -> None:
        """A power cut left a session open: its newest transaction is broadcast before anything is sold again."""
        left = self._journal.open_session()
        if left is None or self._board.ledger is None:
            return
        answer = self._board.ledger.broadcast(left.transaction)
        outcome = "settled" if answer.allowed else f"lost: {answer.reason}"
        self._say(f"session {left.session.hex()} before the power cut: payment {left.n} {outcome}", now)
        self._journal.forget()

    def _new_payee(self) -> bytes:
        return self._account.key(RECEIVE, self._journal.take_address_index()).p2wpkh_script


class CableProgram(_Firmware):
    """The reference cable."""

    def __init__(self, profile: CableProfile, board: Board) -> None:
        super().__init__("cable", profile, board)
        self._cable_profile = profile

    def _start(self, now: float) -> CablePlayer:
        board, profile = self._board, self._cable_profile
        keys = [self._account.key(RECEIVE, index) for index in range(FUNDING_KEYS)]
        change = self._account.key(CHANGE, self._journal.take_address_index())
        by_script = {script: key for key in [*keys, change] for script in (key.p2wpkh_script, key.p2pkh_script)}
        machine = CableMachine(
            CableLimits(max_payments=profile.max_payments),
            Policy(),
            [coin.coin() for coin in profile.coins],
            by_script,
            change.p2wpkh_script,
            lambda: board.entropy(8),
        )
        player = CablePlayer(
            machine,
            write=board.link.write,
            energy_wh=board.meter.energy,
            power_w=board.meter.power,
            journal=self._journal,
            hooks=self._hooks(),
        )
        player.plug(now)
        return player


def build(role: str, profile: Mapping[str, object], board: Board) -> Program:
    """Build the program of ``role`` (``socket`` or ``cable``); raises ConfigurationError for a wrong profile."""
    try:
        if role == "socket":
            return SocketProgram(SocketProfile.model_validate(profile), board)
        if role == "cable":
            return CableProgram(CableProfile.model_validate(profile), board)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{where}: {first['msg']}", place=f"profile of the {role}") from None
    raise ConfigurationError(f"'{role}' is no device; known: cable, socket")
