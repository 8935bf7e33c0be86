"""A scripted instrument on the virtual bench's HiSLIP, as LAN instruments have it beside their raw socket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from hil.vbench.io.instrument_port import InstrumentPort
from hil.vbench.io.lan.hislip import HislipConnection, HislipServer


@dataclass
class Scripted:
    """Answers each line as ``execute`` does."""

    execute: Callable[[str], str | None]


@contextmanager
def hislip_instrument(answer: Callable[[str], str | None]) -> Iterator[str]:
    """Serve clients whose commands ``answer`` replies to; give the VISA resource."""
    with ExitStack() as stack:
        loop = asyncio.new_event_loop()
        stack.callback(loop.close)
        thread = threading.Thread(target=loop.run_forever, name="hislip instrument", daemon=True)
        thread.start()
        stack.callback(thread.join, 5)
        stack.callback(loop.call_soon_threadsafe, loop.stop)
        instrument = HislipServer({"meter": InstrumentPort(Scripted(answer), lambda: None)})
        connections: list[HislipConnection] = []

        def remembered() -> HislipConnection:
            connections.append(instrument.make_protocol())
            return connections[-1]

        async def end() -> None:
            server.close()
            for connection in connections:
                connection.transport.close()
            await asyncio.sleep(0.01)  # sockets are closed by callbacks of the loop

        opening = loop.create_server(remembered, "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(opening, loop).result(5)
        stack.callback(lambda: asyncio.run_coroutine_threadsafe(end(), loop).result(5))
        yield f"TCPIP::127.0.0.1::hislip0,{server.sockets[0].getsockname()[1]}::INSTR"
