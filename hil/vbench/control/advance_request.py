"""The request that moves lockstep time, and what it waits for (docs/lockstep-time.md)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Self

from hil.errors import ConfigurationError, nearest
from hil.vbench.model_request import LINES

if TYPE_CHECKING:
    from hil.vbench.bench import Bench

BYTES_DEADLINE = 5.0
"""Seconds of wall time within which bytes that the controller announces must have arrived."""

MAX_STEP = 86400.0
"""Seconds of virtual time in one ``advance``; a day takes the bench some ten seconds."""

MAX_ASKED = 100
"""Lines to the meter that one ``advance`` may announce."""


class Advance(NamedTuple):
    """Let time pass, at most to ``until`` (s)."""

    until: float
    received: Mapping[str, int]
    """Total bytes that the controller has sent on each line, to be handed over now."""

    @classmethod
    def of(cls, request: Mapping[str, object], bench: Bench) -> Self:
        """Read the request, and tell the bench what it says beside; ConfigurationError if it cannot be carried out."""
        if not bench.lockstep:
            raise ConfigurationError("time follows the wall clock until you send a reset", place="advance")
        until, received, now = request.get("until"), request.get("received", {}), bench.now()
        if isinstance(until, bool) or not isinstance(until, float | int) or not math.isfinite(until):
            raise ConfigurationError("must be a finite number of seconds", place="advance.until")
        if not now <= until <= now + MAX_STEP:
            raise ConfigurationError(
                f"{until} s is not from the present {now} s to {MAX_STEP:g} s later", place="advance.until"
            )
        if not isinstance(received, dict):
            raise ConfigurationError("must be an object: totals by line", place="advance.received")
        for name, total in received.items():
            port = bench.ports.get(name)
            if port is None:
                raise ConfigurationError(f"'{name}' is not a line{nearest(name, LINES)}", place="advance.received")
            if type(total) is not int or total < port.taken:
                raise ConfigurationError(
                    f"must be a whole number, at least {port.taken}", place=f"advance.received.{name}"
                )
        if "ledger_touched" in request:
            touched = request["ledger_touched"]
            if type(touched) is not int:
                raise ConfigurationError("must be a whole number", place="advance.ledger_touched")
            bench.ledger.touched = touched
        if "asked" in request:
            bench.instrument_ports["meter"].expect(_instants(request["asked"], now, until))
        return cls(float(until), received)

    def missing(self, bench: Bench) -> str | None:
        """Return what is awaited, with what came of it; None if everything has come."""
        ports = bench.ports
        for name, total in self.received.items():
            if ports[name].received < total:
                return f"{name}: waited {BYTES_DEADLINE:g} s for {total} bytes, {ports[name].received} arrived"
        if not bench.instrument_ports["meter"].complete:
            return f"meter: waited {BYTES_DEADLINE:g} s in vain for lines that were announced"
        return None


def _instants(told: object, now: float, until: float) -> list[float]:
    """Return the instants at which lines reach the meter; raises ConfigurationError for any that cannot be."""
    place = "advance.asked"
    if not isinstance(told, list) or len(told) > MAX_ASKED or not all(type(each) in (float, int) for each in told):
        raise ConfigurationError(f"must be a list of at most {MAX_ASKED} instants", place=place)
    if told != sorted(told) or not all(now <= each <= until for each in told):
        raise ConfigurationError("must be rising, from the present to until", place=place)
    return [float(each) for each in told]
