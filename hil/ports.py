"""The verbs of a bench. Steps and devices see these; only ``hil.rig`` and the hosts of devices know who does them.

Every verb that talks to a part of the bench raises RigFault when that part does not answer, answers nonsense, or
reads back something else than it was told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hil.evidence.uncertainty import Budget, Conditions
    from hil.protocol.payment.coins import Coin, OutPoint
    from hil.units import Ampere, CurrentShape, Ohm, Satoshi, Second, Volt, Watt, WattHour


# --- instruments -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Identity:
    """The four fields of ``*IDN?`` (IEEE 488.2)."""

    manufacturer: str
    model: str
    serial: str
    firmware: str


class Reading(NamedTuple):
    """One simultaneous reading of a power meter; averages over the meter's last update period."""

    voltage: Volt
    current: Ampere
    power: Watt
    """Active power; negative where it flows back into the mains."""
    energy: WattHour
    """Integrated since the integrator was started; what flowed back is subtracted."""
    integrated: Second
    """Time over which it was integrated, by the meter's own clock: it moves with each update, with or without load."""


class Instrument(Protocol):
    """What every instrument on VISA can do."""

    identity: Identity

    def errors(self) -> list[str]:
        """Read the error queue empty; ``[]`` if there was nothing in it."""

    def close(self) -> None: ...


class Meter(Instrument, Protocol):
    """The lab power meter behind the socket."""

    update_period: Second
    """Time between two updates of the reading; an edge is known no better than that.

    The driver states its own; a rig that saw the meter update less often puts that in its place.
    """
    settling: Second
    """Time from ``prepare`` to the first valid reading; ``read`` before it raises RigFault (no data)."""
    conditions: Conditions
    """Room, certificate and current transformer, as the rig file tells them; the budgets below reckon with them once it
    is set. Behind a transformer readings and budgets are those of its primary circuit."""

    @property
    def off_threshold_w(self) -> Watt:
        """Power in W below which nothing flows as far as this meter can tell.

        A reading without power, plus its uncertainty, is never above this threshold.
        """

    def prepare(self) -> None:
        """Reset, set ranges and functions, clear and start the integrator."""

    def read(self) -> Reading:
        """Return the latest reading; raises RigFault on overload, no data, garbage or silence."""

    def verify(self) -> None:
        """Raise RigFault if a range or the update interval is no longer what ``prepare`` set."""

    def power_budget(self, reading: Reading) -> Budget:
        """Return what its reading of power is uncertain by, in W, part by part."""

    def voltage_budget(self, reading: Reading) -> Budget:
        """Return the same of its reading of voltage, in V."""

    def current_budget(self, reading: Reading) -> Budget:
        """Return the same of its reading of current, in A."""

    def energy_budget(self, energy: WattHour, loaded: Second, apparent: float) -> Budget:
        """Return the same of an energy that it integrated, in Wh.

        :param loaded: seconds in which power can have flowed; the range's part grows with them.
        :param apparent: apparent energy of that time in VAh.
        """


@runtime_checkable
class ZeroAdjusting(Protocol):
    """A meter that can be told that nothing is at its inputs now."""

    def zero(self) -> None:
        """Compensate what it shows without input; its integration ends. Raises RigFault if it cannot.

        Call it while nothing flows; ``prepare`` begins a new integration.
        """


@runtime_checkable
class PipelinedMeter(Meter, Protocol):
    """A meter whose answers need not be awaited one by one."""

    resource: str
    """Its VISA resource."""

    def ask(self, times: int) -> None:
        """Send the question of ``read`` so many times."""

    def answers(self, times: int) -> Iterator[Reading]:
        """Await so many answers, and return the reading of each; raises RigFault as ``read`` does."""

    def give_up(self) -> None:
        """Await no answer any more, whatever comes."""


class Load(Instrument, Protocol):
    """The programmable load behind the cable: AC, or DC behind an adapter; values are those at its own terminals."""

    max_power: Watt
    behind_adapter: bool
    """Whether an AC/DC adapter stands before it, whose loss the lab meter sees as well."""

    def prepare(self) -> None:
        """Reset to AC operation with the input off and clear old protections."""

    def draw_power(self, power: Watt) -> None: ...

    def draw_current(self, current: Ampere) -> None: ...

    def present_resistance(self, resistance: Ohm) -> None: ...

    def set_input(self, *, on: bool) -> None:
        """Switch the input and read it back."""

    def read_power(self) -> Watt:
        """Return the power that it measures itself, at its own terminals."""

    def input_is_on(self) -> bool: ...

    def opened_by_itself(self) -> str:
        """Return why the input is off although it was told on, as the load's error queue says; empty if it is as told.

        A protection that tripped must not look like a device that cut its power.
        """


@runtime_checkable
class ShapingLoad(Protocol):
    """A load that draws at other power and crest factors than a resistance does."""

    @classmethod
    def cannot_shape(cls, power: Watt, shape: CurrentShape) -> str:
        """Return why this model cannot draw ``power`` in this shape; ``""`` if it can."""

    def shape_current(self, shape: CurrentShape) -> None:
        """Draw what it draws in this shape from now on, until the next ``prepare``; read back."""


@dataclass(frozen=True)
class LoadLimits:
    """What a load shall not let through, at its own terminals; None: nothing is asked of it."""

    power: Watt | None = None
    current: Ampere | None = None
    voltage: Volt | None = None


@dataclass(frozen=True)
class Protection:
    """One of these limits, and what became of it.

    :param armed: whether the load keeps it by itself from now on, read back; if not, ``words`` say why.
    """

    words: str
    armed: bool = True


@runtime_checkable
class Protecting(Protocol):
    """A load that opens its own input beyond its limits. This works even when the rig no longer reads the meter."""

    def protect(self, limits: LoadLimits) -> list[Protection]:
        """Arm what can be armed, read it back; call it after ``prepare``, which resets it.

        Raises RigFault if a setting is not taken.
        """


class Relay(Protocol):
    """One of K1 to K4, or any other output that the bench switches."""

    name: str

    def set(self, *, closed: bool) -> None:
        """Switch and read back; raises RigFault if the read-back disagrees."""

    def is_closed(self) -> bool: ...


# --- lines -----------------------------------------------------------------------------------------------------


class Line(Protocol):
    """A serial line: bytes out, bytes in through a listener. Served by the clock's event loop."""

    name: str

    def write(self, data: bytes) -> None: ...

    def listen(self, listener: Callable[[bytes], None]) -> None:
        """Hand every byte that arrives from now on to ``listener``; replaces an earlier listener."""


# --- the ledger ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CoinStatus:
    """An unspent output as the ledger knows it."""

    value: Satoshi
    script: bytes
    confirmations: int


@dataclass(frozen=True)
class Acceptance:
    """What the ledger says of a transaction that was not sent yet."""

    allowed: bool
    reason: str = ""
    """The node's reason without version-dependent prefix, e.g. ``missing-inputs``; empty if allowed."""


class LedgerView(Protocol):
    """How a device sees the ledger. Raises LedgerUnavailable (hil.chain) while it cannot answer."""

    def ready(self) -> bool:
        """Tell whether the view answers and is not in initial download."""

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        """Return the unspent output, None if it does not exist or is spent in a block or in the mempool."""

    def accepts(self, transaction: bytes) -> Acceptance:
        """Ask whether the ledger would take ``transaction`` (testmempoolaccept)."""

    def broadcast(self, transaction: bytes) -> Acceptance:
        """Send ``transaction``; one that the ledger already has counts as allowed."""

    def conflict(self, transaction: bytes) -> str | None:
        """Return the txid of another transaction, in a block or the mempool, that spends an input of this one."""


@dataclass(frozen=True)
class LedgerTransaction:
    """A transaction as found in the mempool or in a block."""

    txid: str
    raw: bytes
    fee: Satoshi
    confirmations: int


class Ledger(Protocol):
    """The bench's own hand on the chain: wallet, miner and witness. Deterministic for a seed."""

    def fund(self, script: bytes, value: Satoshi, *, outputs: int = 1) -> list[Coin]:
        """Pay ``outputs`` confirmed coins of ``value`` each to ``script``."""

    def mine(self, blocks: int = 1) -> None:
        """Mine the mempool into blocks, each to a new address, stamped with the bench's time."""

    def spending(self, outpoints: Sequence[OutPoint]) -> list[LedgerTransaction]:
        """Return the transactions since the scenario began that spend any of ``outpoints``, oldest first."""

    def transaction(self, txid: str) -> LedgerTransaction | None:
        """Return a transaction of the mempool or of the blocks since the scenario began."""
