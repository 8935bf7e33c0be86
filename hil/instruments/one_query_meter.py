"""What meters share whose reading comes with one query: reading now, and asking ahead."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from hil.errors import ConfigurationError, RigFault
from hil.instruments.meter_limits import SpecifiedMeter
from hil.instruments.scpi import parse_fields
from hil.ports import Identity, Reading
from hil.units import Ampere, Watt, WattHour

if TYPE_CHECKING:
    from hil.instruments.transport import Transport


DIALECT = "was not taken", "Check firmware and dialect."
CHANGED = (
    "was changed since the meter was prepared",
    "See who else has access to the meter; its readings may be wrong.",
)
"""What may be wrong with a setting, and what to do."""


class OneQueryMeter(SpecifiedMeter):
    """Implements the reading part of :class:`hil.ports.PipelinedMeter`, and its errors from the driver's ``limits``.

    Behind a current transformer its readings are those of the primary circuit.

    :param query: is answered by voltage, current, power, energy and integrated time, in this order.
    :param quantities: what faults call them.
    :param remedies: for what :func:`hil.instruments.scpi.parse_fields` may find instead of a number.
    """

    behind_transformer = True
    scales_itself: ClassVar[bool] = False
    """Whether the instrument multiplies by the ratio of a transformer; if not, this driver does."""

    def __init__(
        self,
        transport: Transport,
        identity: Identity,
        query: str,
        quantities: Sequence[str],
        remedies: Mapping[str, str],
    ) -> None:
        self.identity = identity
        self.resource = transport.resource
        self._transport = transport
        self._query = query
        self._quantities = quantities
        self._remedies = remedies
        self._unlock = ""

    def _lock_panel(self, lock: str, unlock: str) -> None:
        """Lock the front panel but for its LOCAL key, so that no range is changed by accident, until ``close``."""
        self._unlock = unlock
        self._transport.write(lock)

    def read(self) -> Reading:
        """Return the latest reading with one query; raises RigFault on overload, no data, garbage or silence."""
        return self._reading(self._transport.query(self._query))

    def ask(self, times: int) -> None:
        """Send that query so many times."""
        self._transport.ask(self._query, times)

    def answers(self, times: int) -> Iterator[Reading]:
        """Return the readings of so many replies; raises RigFault as ``read`` does."""
        return map(self._reading, self._transport.answers(self._query, times))

    def give_up(self) -> None:
        """Await no answer any more: the next query opens a new connection."""
        self._transport.give_up()

    def close(self) -> None:
        """Give the front panel back and give up the connection; the integrator goes on."""
        if self._unlock:
            with contextlib.suppress(RigFault):
                self._transport.write(self._unlock)
        self._transport.close()

    def _reading(self, reply: str) -> Reading:
        reading = Reading._make(parse_fields(self._transport, self._query, reply, self._quantities, self._remedies))
        transformer = self.conditions.transformer
        return reading if transformer is None or self.scales_itself else _primary(reading, transformer.ratio)

    def _refuse_current_beyond(self, amperes: float) -> None:
        """Raise ConfigurationError if the transformer gives more than a current range that ends at ``amperes``."""
        transformer = self.conditions.transformer
        if transformer is not None and (most := transformer.rated / transformer.ratio) > amperes:
            raise ConfigurationError(
                f"its current transformer gives {most:g} A at its rated current, beyond the range of {amperes:g} A",
                place=self._transport.place,
                remedy="Use one with a larger ratio, and state that in options.rig.instruments.meter.",
            )


def _primary(reading: Reading, ratio: float) -> Reading:
    """Return what flows before a transformer of this ratio when the meter's own inputs have ``reading``."""
    return reading._replace(
        current=Ampere(reading.current * ratio),
        power=Watt(reading.power * ratio),
        energy=WattHour(reading.energy * ratio),
    )
