"""What was observed, by kind: counted, timed or sampled; and by whose word.

The kind decides the rule of the verdict (:mod:`hil.evidence.limits`). A value may be *censored*: what was watched and
did not happen until *t* took at least *t*, an interval without an upper end. That decides every limit below *t*.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import TypeAlias

from hil.errors import ExitCode, HilError
from hil.evidence.uncertainty import Budget


class EvidenceMissing(HilError):
    """The bench did not see what a measurement needs: nothing can be said of the device."""

    exit_code = ExitCode.INCONCLUSIVE


class DeviceIdle(HilError):
    """The device under test did not do what a measurement is about, although its turn had come and it was watched."""

    exit_code = ExitCode.DEVICE_FAILURE


class Source(enum.StrEnum):
    """Whose word a measurement rests on."""

    LAB_METER = "lab meter"
    LINE = "line"
    """Messages that the rig itself carried: that they passed, and when; the transactions in them."""
    LEDGER = "ledger"
    BENCH = "bench"
    """What the bench did: relays that it switched, faults that it made, coins that it gave."""
    OPERATOR = "operator"
    """What the person at the bench says to have seen."""
    DEVICE = "device"
    """What the device under test claims, in a message or on its console: no evidence for a limit on itself."""


@dataclass(frozen=True)
class Counted:
    """A number known without uncertainty: the bench carries every message, and reads every block."""

    value: int

    @property
    def low(self) -> float:
        return self.value

    @property
    def high(self) -> float:
        return self.value


@dataclass(frozen=True)
class Timed:
    """A time in seconds that lies within ``low`` .. ``high``, as far as the bounds of both its stamps tell.

    Raises ValueError for an empty interval, or one that begins nowhere.
    """

    low: float
    high: float
    """Infinite if it had not happened when the watch ended."""
    began: float | None = None
    """Second of the scenario from which the time counts, if there is one such."""

    def __post_init__(self) -> None:
        _refuse_empty(self.low, self.high)


@dataclass(frozen=True)
class Sampled:
    """A quantity that lies within ``low`` .. ``high``: readings with their uncertainty.

    :param covers: from which to which second of the scenario the readings tell of; None: of all of it.
    :param budget: what the uncertainty consists of, as far as it is an instrument's.
    """

    low: float
    high: float
    covers: tuple[float, float] | None = None
    budget: Budget | None = None

    def __post_init__(self) -> None:
        _refuse_empty(self.low, self.high)

    @classmethod
    def of(cls, value: float, uncertainty: float) -> Sampled:
        """Return ``value`` ± ``uncertainty``."""
        return cls(value - uncertainty, value + uncertainty)

    def less(self, amount: float) -> Sampled:
        """Return the same quantity less an amount that is known."""
        return Sampled(self.low - amount, self.high - amount, self.covers, self.budget)


Observation: TypeAlias = Counted | Timed | Sampled


def _refuse_empty(low: float, high: float) -> None:
    if not low <= high or math.isinf(low):
        raise ValueError(f"the interval from {low:g} to {high:g} is empty, or has no beginning")
