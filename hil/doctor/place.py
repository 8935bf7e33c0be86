"""A place of labgrid's coordinator: whether this user has acquired it, and what it holds."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, Final

from labgrid.config import Config
from labgrid.remote.client import ClientSession, Error

from hil.doctor.access import host_and_port, listens
from hil.doctor.finding import DEADLINE_S, State, ok, problem
from hil.doctor.instruments import COORDINATOR, COORDINATOR_PORT
from hil.errors import ConfigurationError
from hil.rig.config.addresses import Part

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from typing import Any

    from hil.doctor.finding import Sight

DEFAULT_ADDRESS: Final = f"127.0.0.1:{COORDINATOR_PORT}"
"""labgrid's own, if neither the rig file nor the environment names one."""

ANSWER_S: Final = 0.6 * DEADLINE_S


def coordinator_of(path: Path) -> str:
    """Return the address of the coordinator that labgrid would ask for the places of a rig file."""
    return str(Config(str(path)).get_option("coordinator_address", os.environ.get(COORDINATOR, DEFAULT_ADDRESS)))


def look_at_place(address: str, name: str, parts: list[Part]) -> Sight:
    """Ask the coordinator for the place ``name``, and put what it holds into ``parts``. Nothing is acquired."""
    try:
        host, port = host_and_port(address, COORDINATOR_PORT)
    except ValueError as error:
        raise ConfigurationError(f"the coordinator's address: {error}", remedy=f"Mend {COORDINATOR}.") from None
    reached = listens(host, port, f"Start labgrid-coordinator there, or mend {COORDINATOR}.")
    if reached.state is not State.OK:
        return reached
    try:
        held = asyncio.run(_held(address, name))
    except TimeoutError:
        return problem(
            f"{address} takes a connection and does not answer", "See that a labgrid-coordinator listens there."
        )
    except Error as error:
        return problem(f"{address}: {error}", f"labgrid-client -p {name} acquire, as this user on this host.")
    parts += [part for part, _ in held]
    if absent := [part.name for part, available in held if not available]:
        return problem(f"{address}: {', '.join(absent)} is not available", "Look at its exporter, and connect it.")
    return ok(f"acquired from {address}, {len(held)} resources")


async def _held(address: str, name: str) -> list[tuple[Part, bool]]:
    async with _session(address) as session:
        resources = session.get_target_resources(session.get_acquired_place(name))
        return [
            (Part(("resources",), kind, {**entry.args, "name": called}), bool(entry.avail))
            for (called, kind), entry in resources.items()
        ]


@contextlib.asynccontextmanager
async def _session(address: str) -> AsyncIterator[Any]:
    session = ClientSession(address, asyncio.get_running_loop())
    try:
        await asyncio.wait_for(session.start(), ANSWER_S)
        yield session
    finally:
        await session.stop()
        await session.close()
