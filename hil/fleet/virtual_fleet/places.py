"""The places of a fleet at its coordinator: made with their tags once every exporter has told what it offers."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

import grpc
from labgrid.remote.client import ClientSession, Error
from labgrid.remote.generated import labgrid_coordinator_pb2 as messages

from hil.errors import RigFault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

READY_S: Final = 60.0
"""From the start of the exporters to the last resource at the coordinator."""

LOOK_EVERY_S: Final = 0.05


def make_places(coordinator: str, places: Mapping[str, Mapping[str, str]], resources: int) -> None:
    """Make a place for each exporter of ``places``, with these tags and all that the exporter offers; one that is there
    gets the tags.

    :param coordinator: its address, ``HOST:PORT``.
    :param places: names and tags; an exporter has the name of its place.
    :param resources: how many each exporter offers.
    :raises RigFault: the coordinator does not answer, or a resource is missing after ``READY_S``.
    """
    asyncio.run(_make(coordinator, places, resources))


async def _make(coordinator: str, places: Mapping[str, Mapping[str, str]], resources: int) -> None:
    async with _session(coordinator) as session:
        missing = dict.fromkeys(places, resources)
        try:
            async with asyncio.timeout(READY_S):
                while missing := {name: left for name in missing if (left := resources - _offered(session, name)) > 0}:
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            told = ", ".join(f"{name} {left} of {resources}" for name, left in missing.items())
            raise RigFault(f"resources still missing after {READY_S:g} s: {told}", place=coordinator) from None
        for name, tags in places.items():
            if name not in session.places:
                await session.stub.AddPlace(messages.AddPlaceRequest(name=name))
                await session.stub.AddPlaceMatch(messages.AddPlaceMatchRequest(placename=name, pattern=f"{name}/*/*"))
            await session.stub.SetPlaceTags(messages.SetPlaceTagsRequest(placename=name, tags=tags))


def _offered(session: Any, exporter: str) -> int:
    """Return how many resources of an exporter can be used."""
    groups = session.resources.get(exporter, {}).values()
    return sum(1 for group in groups for resource in group.values() if resource.data and resource.avail)


@contextlib.asynccontextmanager
async def _session(coordinator: str) -> AsyncIterator[Any]:
    session = ClientSession(coordinator, asyncio.get_running_loop())
    try:
        await session.start()
        yield session
    except (grpc.aio.AioRpcError, Error) as error:
        told = error.details() if isinstance(error, grpc.aio.AioRpcError) else str(error).removeprefix("Error: ")
        raise RigFault(f"the coordinator refuses: {told}", place=coordinator) from error
    finally:
        await session.stop()
        await session.close()
