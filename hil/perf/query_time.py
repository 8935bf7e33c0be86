"""How long a query takes: through this package, through bare pyvisa, and through a bare socket."""

from __future__ import annotations

import socket
import statistics
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, TypeAlias, cast

from pyvisa import rname

from hil.clock import WallClock, stopwatch
from hil.errors import ConfigurationError
from hil.instruments.dialects import open_meter
from hil.instruments.transport import Transport
from hil.instruments.visa.backend import resource_manager

if TYPE_CHECKING:
    from pyvisa.resources import MessageBasedResource

TIMEOUT = 2.0
ROUNDS = 5
"""The ways take turns, so that a machine that is busy for a moment does not spoil one of them alone."""

ROUNDS_OF_READINGS = 20
"""Likewise, where all that counts is the ratio."""

Ask: TypeAlias = Callable[[], object]


def measure_query(resource: str, *, command: str = "*OPC?", queries: int = 2000) -> dict[str, float]:
    """Return the median time of one query in µs for each way, over one connection after the other.

    :param resource: a raw ``TCPIP::host::port::SOCKET`` whose instrument answers ``command``.
    :param queries: how many for each way.
    :returns: ``visa_query_us`` (this package), ``bare_pyvisa_query_us``, ``raw_socket_query_us``.
    :raises ConfigurationError: the resource is no raw socket.
    :raises RigFault: the instrument does not answer.
    """
    if not isinstance(rname.parse_resource_name(resource), rname.TCPIPSocket):
        raise ConfigurationError(f"'{resource}' is no raw socket (TCPIP::host::port::SOCKET)")
    ways = {
        "visa_query_us": _through_transport,
        "bare_pyvisa_query_us": _through_pyvisa,
        "raw_socket_query_us": _through_socket,
    }
    times: dict[str, list[float]] = {key: [] for key in ways}
    for _ in range(ROUNDS):
        for key, way in ways.items():
            with way(resource, command) as ask:
                times[key] += _times(ask, max(1, queries // ROUNDS))
    return {key: round(statistics.median(values) * 1e6, 1) for key, values in times.items()}


def measure_reading(resource: str, *, readings: int = 2000) -> float:
    """Return how many times as long ``read()`` of a power meter's driver takes as a bare pyvisa query of its command.

    Medians; the ways take turns on the same instrument.

    :param resource: any VISA resource of a meter whose dialect is known; it is prepared, and power may flow or not.
    :param readings: how many for each way.
    :raises RigFault: the meter does not answer.
    """
    asked: list[str] = []
    with closing(
        open_meter("measured meter", resource, observer=lambda command, reply: asked.append(command))
    ) as meter:
        meter.prepare()
        WallClock().sleep(float(meter.settling))
        meter.read()
        question = asked[-1]  # what follows gives the front panel back
    ways = {"read": _through_driver, "query": _through_pyvisa}
    times: dict[str, list[float]] = {key: [] for key in ways}
    for _ in range(ROUNDS_OF_READINGS):
        for key, way in ways.items():
            with way(resource, question) as ask:
                times[key] += _times(ask, max(1, readings // ROUNDS_OF_READINGS))
    return statistics.median(times["read"]) / statistics.median(times["query"])


@contextmanager
def _through_driver(resource: str, command: str) -> Iterator[Ask]:
    with closing(open_meter("measured meter", resource)) as meter:
        yield meter.read


@contextmanager
def _through_transport(resource: str, command: str) -> Iterator[Ask]:
    with closing(Transport("measured instrument", resource, timeout=TIMEOUT)) as transport:
        yield lambda: transport.query(command)


@contextmanager
def _through_pyvisa(resource: str, command: str) -> Iterator[Ask]:
    with closing(cast("MessageBasedResource", resource_manager().open_resource(resource))) as visa:
        visa.timeout = TIMEOUT * 1000
        visa.read_termination = visa.write_termination = "\n"
        yield lambda: visa.query(command)


@contextmanager
def _through_socket(resource: str, command: str) -> Iterator[Ask]:
    parsed = cast("rname.TCPIPSocket", rname.parse_resource_name(resource))
    request = f"{command}\n".encode("ascii")
    with socket.create_connection((parsed.host_address, int(parsed.port)), timeout=TIMEOUT) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def ask() -> None:
            line.sendall(request)
            while not line.recv(4096).endswith(b"\n"):
                pass

        yield ask


def _times(ask: Ask, count: int) -> list[float]:
    """Return the seconds that each of ``count`` queries took, after some that are not counted."""
    for _ in range(max(1, count // 10)):
        ask()
    times: list[float] = []
    for _ in range(count):
        elapsed = stopwatch()
        ask()
        times.append(elapsed())
    return times
