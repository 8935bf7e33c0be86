"""Common part of the firmware of both reference devices: boot stages on the console, then an endpoint."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import TYPE_CHECKING

from hil.devices.defects import key_type_of
from hil.devices.firmware.self_check import CountedMeter
from hil.devices.storage.journal import DeviceJournal
from hil.endpoints.cable import CableEndpoint
from hil.endpoints.common import EndpointHooks
from hil.endpoints.socket import SocketEndpoint
from hil.protocol.payment.account import Account

if TYPE_CHECKING:
    from hil.devices.board import Board
    from hil.devices.profiles import DeviceProfile

LEDGER_RETRY_S = 1.0
"""A socket whose ledger is not ready asks again this often and offers nothing meanwhile."""


class Firmware(abc.ABC):
    """Boot stages, console, and the endpoint that runs once they are through.

    An exception opens the contact and is written to the console before it reaches the host; after that only the next
    power-on starts the device again.
    """

    def __init__(self, role: str, profile: DeviceProfile, board: Board) -> None:
        self._role = role
        self._stages = profile.boot_stages()
        self._board = board
        self._counted = CountedMeter(board.meter)
        self._journal = DeviceJournal(board.storage)
        self._account = Account(bytes.fromhex(profile.account), key_type_of(profile.defects))
        self._seed_told = profile.account if "tells-its-seed" in profile.defects else ""
        self._endpoint: SocketEndpoint | CableEndpoint | None = None
        self._stage = 0
        self._stage_ends: float | None = None
        self._origin = 0.0

    @abc.abstractmethod
    def _start(self, now: float) -> SocketEndpoint | CableEndpoint | None:
        """Build the endpoint; None if what it needs is not ready and the last stage must be repeated."""

    def power_on(self, now: float) -> None:
        """Begin with the first boot stage."""
        self._origin, self._stage, self._endpoint = now, 0, None
        self._counted.begin()
        self._or_fail_safe(self._enter_stage, now)

    def power_off(self, now: float) -> None:
        """Drop everything that is not in the storage."""
        self._endpoint, self._stage_ends = None, None

    def on_link_bytes(self, data: bytes, now: float) -> None:
        """Take bytes from the link; they are dropped while the device boots."""
        endpoint = self._endpoint
        if endpoint is not None:
            self._or_fail_safe(lambda now: endpoint.on_bytes(data, now), now)

    def on_plug(self, plugged: bool, now: float) -> None:
        """Take the plug contact's new position."""
        if isinstance(self._endpoint, SocketEndpoint) and not plugged:
            self._or_fail_safe(self._endpoint.on_unplugged, now)

    def on_time(self, now: float) -> None:
        """Serve what is due."""
        self._or_fail_safe(self._serve, now)

    def next_deadline(self) -> float | None:
        """Return the instant at which ``on_time`` must be called at the latest; None if nothing is due."""
        if self._endpoint is None or self._stage_ends is not None:
            return self._stage_ends
        return self._endpoint.next_deadline()

    def _or_fail_safe(self, act: Callable[[float], None], now: float) -> None:
        try:
            act(now)
        except Exception as error:
            self._board.contact.set(closed=False)
            self._endpoint, self._stage_ends = None, None
            self._say(f"halted: {error}", now)
            raise

    def _serve(self, now: float) -> None:
        if self._stage_ends is not None and isinstance(self._endpoint, CableEndpoint):
            self._stage_ends = None
            self._endpoint.plug(now)
        elif self._stage_ends is not None and now >= self._stage_ends:
            self._stage += 1
            self._enter_stage(now)
        elif self._endpoint is not None:
            self._endpoint.on_time(now)

    def _enter_stage(self, now: float) -> None:
        if self._stage < len(self._stages):
            stage = self._stages[self._stage]
            self._say(stage.name, now)
            self._stage_ends = now + stage.seconds
            return
        endpoint = self._start(now)
        if endpoint is None:
            self._stage_ends = now + LEDGER_RETRY_S
            return
        self._endpoint, self._stage_ends = endpoint, None
        self._say("ready", now)
        if self._seed_told:
            self._say(f"account {self._seed_told}", now)
        if isinstance(endpoint, CableEndpoint):
            self._stage_ends = now  # it calls when it is served next: what it has written may have taken a while

    def _say(self, text: str, now: float) -> None:
        self._board.console.write(f"[{now - self._origin:10.3f}] {self._role}: {text}\r\n".encode())

    def _hooks(self) -> EndpointHooks:
        # the console has no clock of its own: a note carries no stamp, the bench stamps it on arrival
        say = self._board.console.write
        return EndpointHooks(
            on_note=lambda text: say(f"{self._role}: {text}\r\n".encode()),
            on_contact=lambda closed, reason: say(
                f"{self._role}: contact {'closed' if closed else 'open'} ({reason})\r\n".encode()
            ),
            on_session_end=lambda reason, payments: say(
                f"{self._role}: session over ({reason}), {payments} payments\r\n".encode()
            ),
        )
