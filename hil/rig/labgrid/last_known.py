"""What a labgrid place offered when it was last had: kept for the safe state, which must not need a coordinator."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, Any, Final

from hil.clock import utc_now
from hil.errors import RigFault
from hil.rig.config.held_place import PLACES, PlaceRecord, PlaceResource, read_place, record_file
from hil.rig.config.project import look_for_project

if TYPE_CHECKING:
    from pathlib import Path

ANSWER_S: Final = 4.0
"""For a coordinator to answer before a safe state goes on without it."""

DEFAULT_COORDINATOR: Final = "127.0.0.1:20408"
"""labgrid's own, if neither the rig file nor LG_COORDINATOR names one."""


def keep_places(path: Path, target: Any, coordinator: str) -> None:
    """Write down what the places of ``target`` offer, for the laboratory of the rig file; they have just been had.

    A folder that cannot be written is no reason to stop: then nothing is known when the coordinator is gone.
    """
    for place in _places(target):
        resources = [
            PlaceResource(str(each.name), str(entry.cls), dict(entry.args), dict(entry.extra))
            for each in target.resources
            if each.parent is place and (entry := each._remote_entry)
        ]
        since = utc_now().isoformat(timespec="seconds")
        record = PlaceRecord(place.name, coordinator, _user(), since, resources, dict(place.tags))
        with contextlib.suppress(RigFault):
            record.write(_folder(path))


def last_known(path: Path, place: str, coordinator: str) -> PlaceRecord | None:
    """Return the record of ``place`` if the coordinator does not answer and there is one."""
    file = record_file(_folder(path), place)
    if not file.is_file() or asyncio.run(_answers(coordinator)):
        return None
    return read_place(file)


def tell_ways(target: Any, record: PlaceRecord) -> None:
    """Tell the resources of ``target`` that are those of ``record`` the way to them, as a coordinator would."""
    ways = {each.name: dict(each.extra) for each in record.resources}
    for resource in target.resources:
        if resource.name in ways:
            resource.extra = ways[resource.name]


def coordinator_of(environment: Any) -> str:
    """Return the address of the coordinator that labgrid asks for the places of an environment."""
    default = os.environ.get("LG_COORDINATOR", DEFAULT_COORDINATOR)
    return str(environment.config.get_option("coordinator_address", default))


async def _answers(coordinator: str) -> bool:
    from labgrid.remote.client import ClientSession, Error
    from labgrid.util.proxy import proxymanager

    address = proxymanager.get_grpc_address(coordinator, default_port=20408)
    session = ClientSession(address, asyncio.get_running_loop())
    try:
        await asyncio.wait_for(session.start(), ANSWER_S)
    except (Error, TimeoutError):
        return False
    else:
        return True
    finally:
        session.stopping.set()  # stop() demands it
        await session.stop()
        await session.close()


def _places(target: Any) -> list[Any]:
    return [each for each in target.resources if type(each).__name__ == "RemotePlace"]


def _user() -> str:
    from labgrid.resource.remote import RemotePlaceManager

    session = RemotePlaceManager.get().session
    return f"{session.gethostname()}/{session.getuser()}"


def _folder(path: Path) -> Path:
    here = path.resolve().parent
    project = look_for_project(here)
    return (project.root if project else here) / PLACES
