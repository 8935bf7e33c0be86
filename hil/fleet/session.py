"""labgrid's own client as a session of one job."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from labgrid.remote.client import ClientSession
from labgrid.remote.generated.labgrid_coordinator_pb2_grpc import CoordinatorStub

from hil.fleet.owner import Owner

END_S = 3.0
"""For each of the two steps by which a connection is closed; a coordinator that hangs does not answer to them."""

_CHANNEL = (
    ("grpc.keepalive_time_ms", 7500),
    ("grpc.keepalive_timeout_ms", 10000),
    ("grpc.http2.ping_timeout_ms", 10000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.use_local_subchannel_pool", 1),
)
"""As labgrid's client has it, but for the last."""


class Session(ClientSession):  # type: ignore[misc]  # labgrid has no types
    """labgrid's client with an owner of our own."""

    owner: Owner
    channel: Any

    async def connect_alone(self, address: str) -> None:
        """Take a connection of its own: the coordinator knows a client by it, and gRPC would let channels share one."""
        await self.channel.close()
        self.channel = grpc.aio.insecure_channel(address, options=_CHANNEL)
        self.stub = CoordinatorStub(self.channel)

    def gethostname(self) -> str:
        return self.owner.host

    def getuser(self) -> str:
        return self.owner.user


async def end_session(session: Session) -> None:
    session.stopping.set()  # stop() demands it
    steps: tuple[Callable[[], Awaitable[None]], ...] = (session.stop, session.close)
    for step in steps:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(step(), END_S)


def passes(record: logging.LogRecord) -> bool:
    return not record.pathname.endswith("labgrid/remote/client.py")
