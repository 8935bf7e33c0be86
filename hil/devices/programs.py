"""The firmware of the reference devices: boot stages on the console, then the protocol."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from hil.devices.burial import Burial
from hil.devices.defects import (
    DefectiveLedger,
    burial_depth_of,
    cable_machine_of,
    contact_position_of,
    meter_of,
    policy_of,
    socket_machine_of,
)
from hil.devices.journal import DeviceJournal
from hil.devices.profiles import CableProfile, DeviceProfile, SocketProfile
from hil.devices.self_check import CheckedContact, CheckedMeter, OutOfOrder
from hil.errors import ConfigurationError, RigFault, nearest
from hil.links.players import CablePlayer, PlayerHooks, SocketPlayer
from hil.protocol.account import CHANGE, RECEIVE, Account
from hil.protocol.machine import earliest
from hil.protocol.policy import Policy
from hil.protocol.records import CableRecord, SocketRecord

if TYPE_CHECKING:
    from hil.devices.board import Board, Program

LEDGER_RETRY_S = 1.0
"""A socket whose ledger is not ready asks again this often and offers nothing meanwhile."""

CHANGE_KEYS = 500
"""Power-ons, each with a change address of its own, after which change is no longer looked for; 50 ms of deriving."""

FUNDING_KEYS = 4
"""How many receiving keys a cable holds ready for the coins it is given."""


class _Firmware(abc.ABC):
    """Boot stages, console, and the player that runs once they are through.

    Whatever it raises opens the contact and stands on the console before the host hears of it; after that only the
    next power-on starts it again.
    """

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
        self._or_fail_safe(self._enter_stage, now)

    def power_off(self, now: float) -> None:
        self._player, self._stage_ends = None, None

    def on_link_bytes(self, data: bytes, now: float) -> None:
        player = self._player
        if player is not None:
            self._or_fail_safe(lambda now: player.on_bytes(data, now), now)

    def on_plug(self, plugged: bool, now: float) -> None:
        if isinstance(self._player, SocketPlayer) and not plugged:
            self._or_fail_safe(self._player.on_unplugged, now)

    def on_time(self, now: float) -> None:
        self._or_fail_safe(self._serve, now)

    def next_deadline(self) -> float | None:
        return self._player.next_deadline() if self._player is not None else self._stage_ends

    def _or_fail_safe(self, act: Callable[[float], None], now: float) -> None:
        try:
            act(now)
        except Exception as error:
            self._board.contact.set(closed=False)
            self._player, self._stage_ends = None, None
            self._say(f"halted: {error}", now)
            raise

    def _serve(self, now: float) -> None:
        if self._stage_ends is not None and now >= self._stage_ends:
            self._stage += 1
            self._enter_stage(now)
        elif self._player is not None:
            self._player.on_time(now)

    def _enter_stage(self, now: float) -> None:
        if self._stage < len(self._stages):
            stage = self._stages[self._stage]
            self._say(stage.name, now)
            self._stage_ends = now + stage.seconds
            return
        player = self._start(now)
        if player is None:
            self._stage_ends = now + LEDGER_RETRY_S
            return
        self._player, self._stage_ends = player, None
        self._say("ready", now)
        if isinstance(player, CablePlayer):
            player.plug(now)

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
            on_session_end=lambda reason, payments: say(
                f"{self._role}: session over ({reason}), {payments} payments\r\n".encode()
            ),
        )


class SocketProgram(_Firmware):
    """The reference socket."""

    def __init__(self, profile: SocketProfile, board: Board) -> None:
        super().__init__("socket", profile, board)
        self._terms = profile.terms()
        self._ledger_delay_s = profile.ledger_delay_s
        self._defects = profile.defects
        self._burial: Burial | None = None
        self._now = 0.0
        policy = self._policy = policy_of(self._defects)
        self._meter = CheckedMeter(meter_of(board.meter, self._defects), policy.unpaid_energy_mwh, lambda: self._now)
        position = contact_position_of(board.contact_position, self._defects)
        self._contact = CheckedContact(board.contact, position, lambda: self._now)
        self._in_order = True

    def _start(self, now: float) -> SocketPlayer | None:
        try:
            self._contact.check()
            self._meter.energy()
        except OutOfOrder as fault:
            self._say(f"out of order: {fault.what}", now)
            return None
        ledger = self._board.ledger
        if ledger is None:
            raise ConfigurationError("a socket needs a view of the ledger", remedy="Give the virtual bench a node.")
        if self._defects:
            ledger = DefectiveLedger(ledger, self._defects)
        try:
            if not ledger.ready():
                self._say("ledger not ready", now)
                return None
        except RigFault as lost:
            self._say(f"ledger unavailable: {lost.what}", now)
            return None
        left = self._journal.open_session()
        if left is None:
            self._journal.addresses_used()  # a torn record is found now, unless there is a session to settle first
        board = self._board
        self._now = now
        depth = burial_depth_of(self._defects)
        if depth is not None:
            self._burial = Burial(self._journal, ledger, lambda text: self._say(text, self._now), depth)
            self._burial.start(now)
        player = SocketPlayer(
            socket_machine_of(self._defects)(self._terms, self._policy, self._new_payee),
            write=board.link.write,
            set_contact=self._switch,
            energy_wh=self._meter.energy,
            power_w=self._meter.power,
            ledger=ledger,
            journal=self._journal,
            ledger_delay_s=self._ledger_delay_s,
            ledger_late_s=board.ledger_late_s,
            hooks=dataclasses.replace(self._hooks(), on_broadcast=self._broadcast),
        )
        if isinstance(left, SocketRecord):
            player.restore(left, now)
        return player

    def power_on(self, now: float) -> None:
        self._now = now
        self._in_order = True
        self._contact.fall_open()
        self._meter.begin()
        super().power_on(now)

    def power_off(self, now: float) -> None:
        super().power_off(now)
        self._burial = None

    def on_time(self, now: float) -> None:
        self._now = now
        super().on_time(now)

    def _serve(self, now: float) -> None:
        try:
            if self._contact.due is not None and now >= self._contact.due:
                self._contact.check()
            super()._serve(now)
        except OutOfOrder as fault:
            self._retire(fault, now)
        if self._burial is not None:
            self._burial.on_time(now)

    def _retire(self, fault: OutOfOrder, now: float) -> None:
        """End the session, settle it, and answer nobody until the next power-on."""
        self._in_order = False
        self._say(f"out of order: {fault.what}", now)
        if isinstance(self._player, SocketPlayer):
            self._player.on_fault(now)

    def on_link_bytes(self, data: bytes, now: float) -> None:
        self._now = now
        if self._in_order:
            super().on_link_bytes(data, now)

    def next_deadline(self) -> float | None:
        burial = self._burial.next_deadline() if self._burial is not None else None
        return earliest(super().next_deadline(), self._contact.due, burial)

    def _switch(self, closed: bool) -> None:
        self._contact.set(closed=closed)
        self._meter.begin()

    def _broadcast(self, transaction: bytes) -> None:
        if self._burial is not None:
            self._burial.add(transaction, self._now)

    def _new_payee(self) -> bytes:
        return self._account.key(RECEIVE, self._journal.take_address_index()).p2wpkh_script


class CableProgram(_Firmware):
    """The reference cable."""

    def __init__(self, profile: CableProfile, board: Board) -> None:
        super().__init__("cable", profile, board)
        self._limits = profile.limits()
        self._machine = cable_machine_of(profile.defects)
        self._coins = [coin.coin() for coin in profile.coins]
        keys = [self._account.key(RECEIVE, index) for index in range(FUNDING_KEYS)]
        self._keys = {script: key for key in keys for script in (key.p2wpkh_script, key.p2pkh_script)}
        for index, coin in enumerate(self._coins):
            if coin.script not in self._keys:
                raise ConfigurationError(
                    f"coins.{index}.script: {coin.script.hex()} is not one of the first {FUNDING_KEYS} of its account",
                    place="profile of the cable",
                )

    def _start(self, now: float) -> CablePlayer:
        board, journal = self._board, self._journal
        left = journal.open_session()
        # change of earlier lives may be what is left to spend
        newest = journal.take_address_index()
        changes = [self._account.key(CHANGE, index) for index in range(max(0, newest - CHANGE_KEYS), newest + 1)]
        machine = self._machine(
            self._limits,
            Policy(),
            self._coins,
            self._keys | {key.p2wpkh_script: key for key in changes},
            changes[-1].p2wpkh_script,
            lambda: board.entropy(8),
        )
        kept = journal.coins() or []
        # coins that were given since come first: they were given for want of what is kept
        candidates = [tuple(self._coins), *kept] if journal.take_given(tuple(self._coins)) else kept
        machine.restore(candidates, left if isinstance(left, CableRecord) else None)
        return CablePlayer(
            machine,
            write=board.link.write,
            energy_wh=board.meter.energy,
            power_w=board.meter.power,
            live=board.meter.live,
            journal=self._journal,
            hooks=self._hooks(),
        )


def build(role: str, profile: Mapping[str, object], board: Board) -> Program:
    """Build the program of ``role`` (``socket`` or ``cable``); ConfigurationError names all that is wrong."""
    place = f"profile of the {role}"
    try:
        if role == "socket":
            return SocketProgram(SocketProfile.model_validate(profile), board)
        if role == "cable":
            return CableProgram(CableProfile.model_validate(profile), board)
    except ValidationError as error:
        # pydantic's own text would quote the input, which may be the account
        flaws = [(".".join(str(part) for part in flaw["loc"]), flaw["msg"]) for flaw in error.errors()]
        raise ConfigurationError("; ".join(f"{w}: {m}" if w else m for w, m in flaws), place=place) from None
    raise ConfigurationError(f"'{role}' is no device{nearest(role, ('cable', 'socket'))}")
