"""The cable's endpoint: carries out the effects of its protocol machine on a line; see ``socket.py``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hil.endpoints.common import EndpointHooks, Journal, transmit
from hil.protocol.effects import (
    Effect,
    KeepCoins,
    Noted,
    Remember,
    SessionEnded,
    Transmit,
)

if TYPE_CHECKING:
    from hil.protocol.cable.machine import CableMachine


class CableEndpoint:
    """A cable: machine, line, meter. Parameters as for :class:`SocketEndpoint`.

    :param live: whether there is mains voltage at the meter.
    """

    def __init__(
        self,
        machine: CableMachine,
        *,
        write: Callable[[bytes], None],
        energy_wh: Callable[[], float],
        power_w: Callable[[], float],
        live: Callable[[], bool],
        journal: Journal,
        hooks: EndpointHooks | None = None,
    ) -> None:
        self.machine = machine
        self.hooks = hooks or EndpointHooks()
        self._write = write
        self._energy_wh = energy_wh
        self._power_w = power_w
        self._live = live
        self._journal = journal

    def next_deadline(self) -> float | None:
        """Return the instant at which ``on_time`` must be called at the latest; None if nothing is due."""
        return self.machine.next_deadline()

    def plug(self, now: float) -> None:
        """The cable is plugged in: begin to call."""
        self._carry_out(self.machine.plug(now))

    def on_bytes(self, data: bytes, now: float) -> None:
        """Take bytes from the line, in any pieces."""
        # the cable's meter is read when it matters: before what the socket claims or asks is judged
        self._read_meter(now)
        self._carry_out(self.machine.on_bytes(data, now))

    def on_time(self, now: float) -> None:
        """Read the meter, then serve the machine's timers that are due."""
        self._read_meter(now)
        self._carry_out(self.machine.on_time(now))

    def _read_meter(self, now: float) -> None:
        energy_mwh = int(self._energy_wh() * 1000)
        self._carry_out(self.machine.on_power(self._power_w(), energy_mwh, now, live=self._live()))

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Transmit():
                    transmit(effect, self.hooks, self._write)
                case Remember(record):
                    self._journal.remember(record)
                case KeepCoins(candidates):
                    self._journal.keep_coins(candidates)
                case Noted(text):
                    self.hooks.on_note(text)
                case SessionEnded(_, reason, payments):
                    self._journal.forget()
                    self.hooks.on_session_end(reason, payments)
