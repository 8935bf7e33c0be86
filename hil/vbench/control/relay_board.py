"""The relay board: four coils K1 to K4 on Modbus TCP, and their auxiliary contacts as discrete inputs.

Where the socket is a process of its own, its contact is a fifth: a real program can only switch what it can reach.

A coil reads back as it was written, at once; the discrete input of the same number follows the contact, which takes
its operate or release time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hil.vbench.bench import Bench


class Switched(Protocol):
    """A relay as the board sees it."""

    @property
    def coil(self) -> bool:
        """Whether the coil is driven."""

    @property
    def closed(self) -> bool:
        """Whether the contact is closed."""

    def set(self, *, closed: bool) -> None:
        """Drive the coil, or let it go."""


class RelayBoard:
    """The board: what its coils and inputs are on the bench, at the present instant."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def coils(self) -> Sequence[bool]:
        """Return how the coils are driven."""
        return [relay.coil for relay in self._relays()]

    def inputs(self) -> Sequence[bool]:
        """Return which contacts are closed."""
        return [relay.closed for relay in self._relays()]

    def drive(self, first: int, values: Sequence[bool]) -> None:
        """Drive the coils from number ``first`` on; there is one for each value."""
        for relay, closed in zip(self._relays()[first:], values, strict=False):
            relay.set(closed=closed)

    def _relays(self) -> list[Switched]:
        self._bench.time.catch_up()
        model = self._bench.model
        relays: list[Switched] = [*model.plant.relays]
        socket = model.processes.get("socket")
        if socket is not None and socket.contact is not None:
            relays.append(socket.contact)
        return relays
