"""What a controller may ask of the bench besides to begin anew and to let time pass: each one answered at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from hil.errors import ConfigurationError
from hil.vbench.control.replies import encode
from hil.vbench.control.seeded_faults import mend
from hil.vbench.edge_watch import EdgeWatch

if TYPE_CHECKING:
    from hil.vbench.bench import Bench

Request: TypeAlias = Mapping[str, object]

MAX_LATENESS_S = 3600.0
"""Longest that the ledger's answers may be under way to a device."""

MAX_CALENDAR_S = 315_360_000.0
"""Farthest that a calendar is set at a time: ten years."""

MAX_EDGE_V = 1000.0
"""Highest level in volts (rms) at which an edge can be looked for."""


def plug(bench: Bench, request: Request) -> str:
    """Put an ``appliance`` into the cable's outlet."""
    bench.model.plant.plug(str(request.get("appliance")))
    return _done(bench)


def set_mains(bench: Bench, request: Request) -> str:
    """Have this ``voltage`` (V rms) on the mains from now on."""
    voltage = request.get("voltage")
    if isinstance(voltage, bool) or not isinstance(voltage, float | int):
        raise ConfigurationError("must be a number of volts", place="mains.voltage")
    bench.model.plant.mains.set(float(voltage))
    return _done(bench)


def delay_ledger(bench: Bench, request: Request) -> str:
    """How late the ledger's answers reach the socket from now on, if ``late_s`` says; tells what it missed."""
    late = request.get("late_s", bench.ledger.late_s)
    if isinstance(late, bool) or not isinstance(late, float | int) or not 0 <= late <= MAX_LATENESS_S:
        raise ConfigurationError(f"must be from 0 to {MAX_LATENESS_S:g} seconds", place="ledger.late_s")
    bench.ledger.late_s = float(late)
    return encode({"now": bench.now(), "late_s": float(late), "silence": bench.ledger.silence})


def mend_parts(bench: Bench, request: Request) -> str:
    """Let every part work again that was made to fail."""
    mend(bench)
    return _done(bench)


def install_firmware(bench: Bench, request: Request) -> str:
    """Have the ``other`` firmware of a device, or its first, from its next power-on; its supply is off."""
    other = request.get("other")
    if not isinstance(other, bool):
        raise ConfigurationError("must be true or false", place="firmware.other")
    bench.device(str(request.get("role"))).install(other=other)
    return _done(bench)


def move_calendar(bench: Bench, request: Request) -> str:
    """Set the calendar of a device forward by ``seconds``, back if negative."""
    seconds, role = request.get("seconds"), str(request.get("role"))
    if isinstance(seconds, bool) or not isinstance(seconds, float | int) or not abs(seconds) <= MAX_CALENDAR_S:
        raise ConfigurationError(f"must be at most {MAX_CALENDAR_S:g} seconds", place="calendar.seconds")
    calendar = bench.device(role).calendar
    if calendar is None:
        raise ConfigurationError(f"the {role} has no calendar that can be set", place="calendar.role")
    calendar.move(float(seconds))
    return _done(bench)


def tell_faults(bench: Bench, request: Request) -> str:
    """On the wall clock there is no advance, so the controller asks now and then whether a device has failed."""
    bench.model.look_at_programs()
    failed, bench.untold = bench.untold, []
    return encode({"now": bench.now(), "failed": failed}) if failed else _done(bench)


def tell_devices(bench: Bench, request: Request) -> str:
    """What the programs of the devices say that they are, and which have stopped over their storage and why, by role;
    those that say nothing, and those that run, are left out.
    """
    model = bench.model
    return encode({"now": bench.now(), "identities": model.identities(), "stopped": model.stopped()})


def tell_resources(bench: Bench, request: Request) -> str:
    """What the programs of the devices take of this machine, by role; those that do not run are left out."""
    told = {role: resources._asdict() for role, resources in bench.model.resources().items()}
    return encode({"now": bench.now(), "resources": told})


def tell_truth(bench: Bench, request: Request) -> str:
    """The plant's true values, for tests of the bench itself."""
    return encode(bench.truth())


def tell_lines(bench: Bench, request: Request) -> str:
    """What went over each line since the reset, so that the controller can tell whether all of it arrived."""
    return encode({"now": bench.now(), "lines": bench.line_totals()})


def withdraw(bench: Bench, request: Request) -> str:
    """The lines to the meter that are under way will not reach it."""
    bench.instrument_ports["meter"].forget()
    return _done(bench)


def watch_edges(bench: Bench, request: Request) -> str:
    """From now on time stops at readings, asked ahead, after the voltage at the meter came or went."""
    voltage = request.get("voltage")
    if isinstance(voltage, bool) or not isinstance(voltage, float | int) or not 0 < voltage <= MAX_EDGE_V:
        raise ConfigurationError(f"must be above 0, at most {MAX_EDGE_V:g} volts", place="edges.voltage")
    bench.edges = EdgeWatch(float(voltage))
    return _done(bench)


def _done(bench: Bench) -> str:
    return f'{{"now":{bench.now()!r}}}'


OPERATIONS: Final[Mapping[str, Callable[[Bench, Request], str]]] = {
    "plug": plug,
    "mains": set_mains,
    "ledger": delay_ledger,
    "mend": mend_parts,
    "firmware": install_firmware,
    "calendar": move_calendar,
    "faults": tell_faults,
    "devices": tell_devices,
    "resources": tell_resources,
    "truth": tell_truth,
    "lines": tell_lines,
    "withdraw": withdraw,
    "edges": watch_edges,
}
"""By the ``op`` of the request."""
