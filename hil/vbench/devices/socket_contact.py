"""The socket's contact on a relay board, where the socket is a program on serial ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hil.vbench.plant.relay import Relay


class SocketContact:
    """The socket's contact as the relay board drives it: a coil without supply does nothing."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self.powered = False

    @property
    def coil(self) -> bool:
        """Whether the coil is driven."""
        return self._relay.coil

    @property
    def closed(self) -> bool:
        """Whether the contact is closed."""
        return self._relay.closed

    def set(self, *, closed: bool) -> None:
        """Drive the coil if the device has power."""
        self._relay.set(closed=closed and self.powered)
