"""What the hardware of a device offers to its program. The virtual bench and a Raspberry Pi both can be one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hil.ports import LedgerView
    from hil.units import Watt, WattHour


class SerialOut(Protocol):
    """The sending half of a UART."""

    def write(self, data: bytes) -> None:
        """Send bytes."""


class Contact(Protocol):
    """The coil of the socket's power relay. The contacts follow after their operate or release time."""

    def set(self, *, closed: bool) -> None:
        """Switch the coil."""


REGISTER_WH = 10_000_000
"""Where the energy register of a device's own meter goes on from 0: that of a PZEM-004T v3 has 9999.99 kWh (manual)."""


class RegisterCount:
    """What a register has counted since it was read first, in its own unit, over its end too.

    :param end: where it goes on from 0. A reading that is lower by more than half of that has passed the end; what is
        lower by less has gone back.
    """

    def __init__(self, end: int = REGISTER_WH) -> None:
        self._end = end
        self._newest: float | None = None
        self._offset: float = 0

    def add(self, reading: float) -> float:
        """Take the next reading; return what was counted, lower than before if the register went back."""
        if self._newest is None:
            self._offset = -reading
        elif reading < self._newest - self._end / 2:
            self._offset += self._end
        self._newest = reading
        return reading + self._offset


class EnergyMeter(Protocol):
    """The device's own meter, not the lab's. One that does not answer raises RigFault."""

    def energy(self) -> WattHour:
        """Return what its register has in Wh, below ``REGISTER_WH``. It begins anywhere and may outlive a power cut."""

    def power(self) -> Watt:
        """Return the present active power."""

    def live(self) -> bool:
        """Tell whether there is mains voltage at the meter; without it an appliance that draws nothing says nothing."""


@runtime_checkable
class MeasuringMeter(EnergyMeter, Protocol):
    """A device's own meter that tells voltage and current, too."""

    def voltage(self) -> float:
        """Return V rms where it sits."""

    def current(self) -> float:
        """Return A rms."""


class Storage(Protocol):
    """A few small records that survive a power cut; each is written whole or not at all."""

    def read(self, name: str) -> bytes | None:
        """Return the record of this name; None if there is none."""

    def write(self, name: str, record: bytes) -> None:
        """Put ``record`` in place of the one of this name."""


@dataclass
class Board:
    """One device's hardware, as its program sees it."""

    link: SerialOut
    console: SerialOut
    contact: Contact
    meter: EnergyMeter
    storage: Storage
    ledger: LedgerView | None
    """The ledger as the device sees it; None for a device that has none (the cable)."""
    entropy: Callable[[int], bytes]
    """Returns that many random bytes; seeded on the virtual bench."""
    ledger_late_s: Callable[[], float] = lambda: 0.0
    """How many seconds after the question an answer of the ledger reaches the device, where the call itself takes none
    of the device's time: in virtual time. On the wall clock a call takes as long as it takes."""
    contact_position: Callable[[], bool | None] = lambda: None
    """Whether the power contact is closed, by an auxiliary contact; None where the board has none."""
    identify: Callable[[str], None] = lambda text: None
    """Takes what the program says that it is, name and version."""


class Program(Protocol):
    """A device's firmware: bytes and instants in, effects on the board out. Holds no clock.

    The host calls each method with the present instant in seconds, and ``on_time`` no later than
    ``next_deadline()`` says; None means there is nothing to wait for.
    """

    def power_on(self, now: float) -> None:
        """The device gets power."""

    def power_off(self, now: float) -> None:
        """Power is gone: everything but the storage is lost; the contact falls open by itself."""

    def on_link_bytes(self, data: bytes, now: float) -> None:
        """Bytes came on the link, in any pieces."""

    def on_plug(self, plugged: bool, now: float) -> None:
        """The plug contact of the board changed; a board without one never calls it."""

    def on_time(self, now: float) -> None:
        """Serve what is due."""

    def next_deadline(self) -> float | None:
        """Return the instant at which ``on_time`` must be called at the latest."""


class ProgramFactory(Protocol):
    """Builds the program of a role (``socket`` or ``cable``) from its profile (plain data from the rig file)."""

    def __call__(self, role: str, profile: Mapping[str, object], board: Board) -> Program: ...
