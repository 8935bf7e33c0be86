"""A connection to labgrid's coordinator, by labgrid's own client.

The client is asynchronous: it runs in a thread of its own, which also takes in what the coordinator tells meanwhile. A
coordinator that was away is connected again at the next call.

gRPC and ``fork`` do not go together: the process of a run, which forks one process for each bench, must not import this
module. It asks by :mod:`hil.fleet.errands` instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Self, TypeVar

import grpc
from labgrid.remote.client import Error
from labgrid.remote.common import Place, Reservation
from labgrid.remote.generated import labgrid_coordinator_pb2 as messages
from labgrid.resource.remote import RemotePlaceManager
from labgrid.util.proxy import proxymanager

from hil.clock import stopwatch, utc_now
from hil.errors import RigFault
from hil.fleet.address import remedy_for
from hil.fleet.owner import Owner
from hil.fleet.session import Session, end_session, passes
from hil.fleet.states import NO_MATCH, PlaceState, ReservationState

CONNECT_S = 8.0
"""For the coordinator to take a connection and to send its places."""

ANSWER_S = 8.0
"""For an answer that needs nothing of an exporter."""

TRY_AGAIN_S = 1.0
"""Between two tries to reach a coordinator that is away."""

EXPORTER_S = 45.0
"""For an answer that waits for exporters: the coordinator gives each of them 10 s."""

_GONE = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}

T = TypeVar("T")


class CoordinatorGone(RigFault):
    """The coordinator does not answer."""


class Refused(RigFault):
    """The coordinator answers that it does not do what was asked; ``what`` is its reason."""


class Coordinator:
    """See the module's docstring. Every call has a deadline; it raises CoordinatorGone or Refused.

    :ivar connections: how often a connection was made: more than one means that the coordinator was away meanwhile.
    :ivar away_since: since when it has not answered, in seconds since 1970; None: it answered the last call.
    """

    def __init__(self, address: str, owner: Owner) -> None:
        self.address = address
        self.owner = owner
        self.connections = 0
        self.away_since: float | None = None
        self._session: Session | None = None
        self._connected_for: Callable[[], float] = stopwatch()
        # labgrid's client logs as root what its calls also raise
        logging.getLogger().addFilter(passes)
        self._loop = asyncio.new_event_loop()
        self._connecting = asyncio.Lock()
        self._thread = threading.Thread(target=self._loop.run_forever, name="coordinator", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection; what was acquired stays acquired. Idempotent."""
        if self._loop.is_closed():
            return
        with contextlib.suppress(FutureTimeout):
            asyncio.run_coroutine_threadsafe(self._end_all(), self._loop).result(2 * ANSWER_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ANSWER_S)
        if not self._loop.is_running():
            self._loop.close()

    @property
    def is_connected(self) -> bool:
        """Whether the coordinator still answered when it was last heard of."""
        session = self._session
        return session is not None and not session.stopping.is_set()

    @property
    def connected_s(self) -> float:
        """For how long the present connection has lasted: for so long the coordinator has run at least."""
        return self._connected_for() if self.is_connected else 0.0

    def told(self, place: str) -> PlaceState | None:
        """Return owner and tags of a place as the coordinator has told up to now, without asking it; None: of none."""
        session = self._session
        found = None if session is None else session.places.get(place)
        return None if found is None else PlaceState(place, dict(found.tags), owner=found.acquired or "")

    def rest(self) -> None:
        """Let a moment pass before the next try."""
        asyncio.run_coroutine_threadsafe(asyncio.sleep(TRY_AGAIN_S), self._loop).result()

    def places(self) -> dict[str, PlaceState]:
        """Return every place by its name, as the coordinator has told up to now."""

        async def look() -> dict[str, PlaceState]:
            session = await self._connected()
            try:
                in_step = await asyncio.wait_for(session.sync_with_coordinator(), ANSWER_S)
            except TimeoutError:
                raise self._gone(f"no answer within {ANSWER_S:g} s") from None
            if not in_step:
                raise self._gone("it closed the connection")
            return {name: _place_state(session, place) for name, place in sorted(session.places.items())}

        return self._do(look(), CONNECT_S + ANSWER_S)

    def reservations(self) -> list[ReservationState]:
        """Return every reservation, in the order in which the coordinator serves them."""
        answer = self._call("GetReservations", messages.GetReservationsRequest())
        found = [_reservation_state(each) for each in answer.reservations]
        return sorted(found, key=lambda each: (-each.priority, each.created, each.token))

    def reserve(self, filters: Mapping[str, str], priority: float = 0.0) -> ReservationState:
        """Ask for any place with these tags. The reservation expires if it is not polled for 60 s."""
        request = messages.CreateReservationRequest(prio=priority)
        request.filters["main"].CopyFrom(messages.Reservation.Filter(filter=dict(filters)))
        return _reservation_state(self._call("CreateReservation", request).reservation)

    def poll(self, token: str) -> ReservationState:
        """Keep a reservation alive and return how it stands; Refused: it has expired."""
        return _reservation_state(
            self._call("PollReservation", messages.PollReservationRequest(token=token)).reservation
        )

    def cancel(self, token: str) -> None:
        """Give a reservation up; one that is gone changes nothing.

        A place that it was allocated, and that was not acquired, goes to the next one within 15 s; see ``schedule``.
        """
        with contextlib.suppress(Refused):
            self._call("CancelReservation", messages.CancelReservationRequest(token=token))

    def schedule(self) -> None:
        """Let the coordinator look at all reservations now; after a change of tags it would within 15 s."""
        self.cancel(self.reserve({"name": ""}).token)

    def acquire(self, place: str) -> None:
        """Acquire a place for the owner; Refused: another has it, or it is reserved for another."""
        self._call("AcquirePlace", messages.AcquirePlaceRequest(placename=place), EXPORTER_S)

    def release(self, place: str, owner: str | None = None) -> None:
        """Release a place if ``owner`` has it (default: the owner of this connection); else nothing changes."""
        request = messages.ReleasePlaceRequest(placename=place, fromuser=owner or str(self.owner))
        self._call("ReleasePlace", request, EXPORTER_S)

    def tag(self, place: str, tags: Mapping[str, str]) -> None:
        """Set tags of a place, all in one step; an empty value removes the tag."""
        self._call("SetPlaceTags", messages.SetPlaceTagsRequest(placename=place, tags=dict(tags)))

    def comment(self, place: str, text: str) -> None:
        """Set the comment of a place, which labgrid-client shows."""
        self._call("SetPlaceComment", messages.SetPlaceCommentRequest(placename=place, comment=text))

    def lend_to_labgrid(self) -> None:
        """Let a ``RemotePlace`` of a rig file take its resources by this connection, as labgrid's own client does."""

        async def connected() -> Session:
            return await self._connected()

        manager = RemotePlaceManager.get()
        manager.session = self._do(connected(), CONNECT_S)
        manager.loop = self._loop

    def _call(self, method: str, request: Any, patience: float = ANSWER_S) -> Any:
        async def call() -> Any:
            session = await self._connected()
            return await getattr(session.stub, method)(request, timeout=patience)

        return self._do(call(), CONNECT_S + patience)

    def _do(self, work: Coroutine[Any, Any, T], patience: float) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            answer = future.result(patience + 1.0)
        except grpc.aio.AioRpcError as error:
            told = error.details() or error.code().name.lower()
            if error.code() in _GONE:
                raise self._gone(told) from error
            self.away_since = None
            raise Refused(told, place=f"coordinator {self.address}") from error
        except (FutureTimeout, TimeoutError) as error:
            future.cancel()
            raise self._gone(f"no answer within {patience:g} s") from error
        except Error as error:
            raise self._gone(" ".join(map(str, error.args))) from error
        self.away_since = None
        return answer

    def _gone(self, why: str) -> CoordinatorGone:
        self.away_since = self.away_since or utc_now().timestamp()
        return CoordinatorGone(
            f"it does not answer ({why})",
            place=f"coordinator {self.address}",
            remedy=remedy_for(self.address),
        )

    async def _connected(self) -> Session:
        async with self._connecting:
            if self._session is not None and not self._session.stopping.is_set():
                return self._session
            await self._disconnect()
            address = proxymanager.get_grpc_address(self.address, default_port=20408)
            session = Session(address, self._loop)
            session.owner = self.owner
            await session.connect_alone(address)
            try:
                await asyncio.wait_for(session.start(), CONNECT_S)
            except TimeoutError:
                await end_session(session)
                raise self._gone(f"no connection within {CONNECT_S:g} s") from None
            except BaseException:
                await end_session(session)
                raise
            self._session, self._connected_for = session, stopwatch()
            self.connections += 1
            return session

    async def _end_all(self) -> None:
        await self._disconnect()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _disconnect(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await end_session(session)


def _place_state(session: Any, place: Place) -> PlaceState:
    offered = {
        (exporter, group, entry.cls, name): entry
        for exporter, groups in session.resources.items()
        for group, entries in groups.items()
        for name, entry in entries.items()
        if entry.data.get("cls")
    }
    absent: list[str] = [] if place.matches else [NO_MATCH]
    addresses, ways = {}, {}
    for match in place.matches:
        found = {path: entry for path, entry in offered.items() if match.ismatch(path)}
        if not found:
            absent.append(str(match))
        for (exporter, group, kind, name), entry in found.items():
            called = match.rename or name
            addresses[called] = (kind, dict(entry.args))
            if entry.extra.get("proxy_required"):
                ways[called] = dict(entry.extra)
            if not entry.avail:
                absent.append("/".join((exporter, group, kind, name)))
    return PlaceState(
        place.name,
        dict(place.tags),
        place.comment,
        place.acquired or "",
        place.changed,
        place.reservation or "",
        tuple(absent),
        addresses,
        ways,
    )


def _reservation_state(message: Any) -> ReservationState:
    told = Reservation.from_pb2(message)
    (place,) = told.allocations.get("main", [""])
    return ReservationState(
        told.token, told.owner, told.state.name, place, dict(told.filters.get("main", {})), told.prio, told.created
    )
