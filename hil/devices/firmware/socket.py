"""The firmware of the reference socket."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from hil.devices.defects import (
    address_index_of,
    contact_position_of,
    final_confirmations_of,
    meter_of,
    payment_check_of,
    policy_of,
    socket_actions_of,
)
from hil.devices.firmware.base import Firmware
from hil.devices.firmware.defective_ledger import DefectiveLedger
from hil.devices.firmware.rebroadcast import FINAL_CONFIRMATIONS, Rebroadcaster
from hil.devices.firmware.self_check import CheckedContact, CheckedMeter, OutOfOrder
from hil.endpoints.socket import SocketEndpoint
from hil.errors import ConfigurationError, RigFault
from hil.protocol.machine import earliest
from hil.protocol.payment.account import RECEIVE
from hil.protocol.records import SocketRecord
from hil.protocol.socket.machine import SocketMachine

if TYPE_CHECKING:
    from hil.devices.board import Board
    from hil.devices.profiles import SocketProfile


class SocketProgram(Firmware):
    """The reference socket."""

    def __init__(self, profile: SocketProfile, board: Board) -> None:
        super().__init__("socket", profile, board)
        self._terms = profile.terms()
        self._ledger_delay_s = profile.ledger_delay_s
        self._defects = profile.defects
        self._rebroadcaster: Rebroadcaster | None = None
        self._now = 0.0
        policy = self._policy = policy_of(self._defects)
        meter = meter_of(self._counted, board.meter, self._defects, lambda: self._now)
        self._meter = CheckedMeter(meter, policy.unpaid_energy_mwh, lambda: self._now)
        position = contact_position_of(board.contact_position, self._defects)
        self._contact = CheckedContact(board.contact, position, lambda: self._now)
        self._in_order = True

    def _start(self, now: float) -> SocketEndpoint | None:
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
        depth = final_confirmations_of(self._defects, FINAL_CONFIRMATIONS)
        if depth is not None:
            self._rebroadcaster = Rebroadcaster(self._journal, ledger, lambda text: self._say(text, self._now), depth)
            self._rebroadcaster.start(now)
        endpoint = SocketEndpoint(
            SocketMachine(
                self._terms,
                self._policy,
                self._new_payee,
                actions=socket_actions_of(self._defects),
                check_payment=payment_check_of(self._defects),
            ),
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
            endpoint.restore(left, now)
        return endpoint

    def power_on(self, now: float) -> None:
        """Begin with the first boot stage; the contact is open."""
        self._now = now
        self._in_order = True
        self._contact.fall_open()
        self._meter.begin()
        super().power_on(now)

    def power_off(self, now: float) -> None:
        """Drop everything that is not in the storage."""
        super().power_off(now)
        self._rebroadcaster = None

    def on_time(self, now: float) -> None:
        """Serve what is due."""
        self._now = now
        super().on_time(now)

    def _serve(self, now: float) -> None:
        try:
            if self._contact.due is not None and now >= self._contact.due:
                self._contact.check()
            super()._serve(now)
        except OutOfOrder as fault:
            self._retire(fault, now)
        if self._rebroadcaster is not None:
            self._rebroadcaster.on_time(now)

    def _retire(self, fault: OutOfOrder, now: float) -> None:
        """End the session, settle it, and take no further message until the next power-on."""
        self._in_order = False
        self._say(f"out of order: {fault.what}", now)
        if isinstance(self._endpoint, SocketEndpoint):
            self._endpoint.on_fault(now)

    def on_link_bytes(self, data: bytes, now: float) -> None:
        """Take bytes from the link; a socket out of order drops them."""
        self._now = now
        if self._in_order:
            super().on_link_bytes(data, now)

    def next_deadline(self) -> float | None:
        """Return the instant at which ``on_time`` must be called at the latest; None if nothing is due."""
        resend_due = self._rebroadcaster.next_deadline() if self._rebroadcaster is not None else None
        return earliest(super().next_deadline(), self._contact.due, resend_due)

    def _switch(self, closed: bool) -> None:
        self._contact.set(closed=closed)
        self._meter.begin()

    def _broadcast(self, transaction: bytes) -> None:
        if self._rebroadcaster is not None:
            self._rebroadcaster.add(transaction, self._now)

    def _new_payee(self) -> bytes:
        index = address_index_of(self._journal.take_address_index, self._defects)
        return self._account.key(RECEIVE, index).p2wpkh_script
