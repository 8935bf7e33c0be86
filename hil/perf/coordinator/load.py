"""labgrid's coordinator under load: how long a worker waits for its place, and what the coordinator needs for it.

A real coordinator, real exporters (in one process) and labgrid's own client. At each size twice as many workers as
there are places ask for one at the same moment: half of them get it at once, the others when the first half is done.
The time for which a worker holds its place is left out, since the coordinator has nothing to do in it.

``python -m hil.perf.coordinator.load 50 100 200`` prints one line for each number of places.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from labgrid.remote.client import ClientSession
from labgrid.remote.generated import labgrid_coordinator_pb2 as messages
from labgrid.remote.generated.labgrid_coordinator_pb2_grpc import CoordinatorStub

from hil.clock import stopwatch
from hil.perf.coordinator.exporters import exporter_name
from hil.rig.virtual.process import loopback_address

PORT = 20408
POLL_S = 0.5
"""Between two looks at a reservation, as a worker of ``hil run --place`` has it."""

PATIENCE_S = 300.0
"""For one worker to have had its place."""

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Waits:
    """Seconds that the workers waited, one entry for each."""

    connected: list[float] = field(default_factory=list)
    acquired: list[float] = field(default_factory=list)
    """For the answer to the request for the place that was allocated."""

    released: list[float] = field(default_factory=list)


def main() -> int:
    """Measure at the numbers of places of the command line."""
    print("places workers   connect         acquire         release CPU/worker     RSS  all")
    print("                           median, 95 %    median, 95 %")
    for text in sys.argv[1:] or ["50", "100", "200"]:
        print(line(measure(int(text))), flush=True)
    return 0


def line(found: Mapping[str, float]) -> str:
    """Return one row of the table."""
    return (
        f"{found['places']:6.0f} {found['workers']:7.0f} {found['connect_s']:7.2f} s"
        f" {found['acquire_s']:6.2f} {found['acquire_95_s']:6.2f} s {found['release_s']:6.2f}"
        f" {found['release_95_s']:6.2f} s {found['processor_ms']:7.1f} ms {found['memory_mb']:4.0f} MB"
        f" {found['all_s']:.0f} s"
    )


def measure(places: int) -> dict[str, float]:
    """Return the figures for one number of places; the coordinator begins anew."""
    with (
        tempfile.TemporaryDirectory() as folder,
        coordinator(Path(folder)) as (address, program),
        exporters(address, Path(folder), places),
    ):
        return asyncio.run(_measure(address, program.pid, places))


async def _measure(address: str, pid: int, places: int) -> dict[str, float]:
    await _make_places(address, places)
    before, elapsed, waits = _processor_s(pid), stopwatch(), Waits()
    workers = 2 * places
    await asyncio.gather(*(_worker(address, number, waits) for number in range(workers)))
    return {
        "places": places,
        "workers": workers,
        "connect_s": statistics.median(waits.connected),
        "acquire_s": statistics.median(waits.acquired),
        "acquire_95_s": statistics.quantiles(waits.acquired, n=20)[-1],
        "release_s": statistics.median(waits.released),
        "release_95_s": statistics.quantiles(waits.released, n=20)[-1],
        "processor_ms": 1000 * (_processor_s(pid) - before) / workers,
        "memory_mb": _memory(pid) / 1e6,
        "all_s": elapsed(),
    }


async def _make_places(address: str, places: int) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        stub = CoordinatorStub(channel)
        for number in range(1, places + 1):
            name = exporter_name(number)
            await stub.AddPlace(messages.AddPlaceRequest(name=name))
            await stub.AddPlaceMatch(messages.AddPlaceMatchRequest(placename=name, pattern=f"{name}/rig/*"))
            await stub.SetPlaceTags(messages.SetPlaceTagsRequest(placename=name, tags={"rig": "virtual"}))


async def _worker(address: str, number: int, waits: Waits) -> None:
    async with asyncio.timeout(PATIENCE_S):
        elapsed = stopwatch()
        session = _Session(address, number)
        await session.start()
        waits.connected.append(elapsed())
        try:
            await _have_a_place(session.stub, waits)
        finally:
            session.stopping.set()  # stop() demands it
            await session.stop()
            await session.close()


async def _have_a_place(stub: Any, waits: Waits) -> None:
    request = messages.CreateReservationRequest(prio=0.0)
    request.filters["main"].CopyFrom(messages.Reservation.Filter(filter={"rig": "virtual"}))
    reservation = (await stub.CreateReservation(request)).reservation
    while not reservation.allocations:
        await asyncio.sleep(POLL_S)
        reservation = (await stub.PollReservation(messages.PollReservationRequest(token=reservation.token))).reservation
    name = reservation.allocations["main"]
    elapsed = stopwatch()
    await stub.AcquirePlace(messages.AcquirePlaceRequest(placename=name))
    waits.acquired.append(elapsed())
    elapsed = stopwatch()
    await stub.ReleasePlace(messages.ReleasePlaceRequest(placename=name))
    waits.released.append(elapsed())
    await stub.CancelReservation(messages.CancelReservationRequest(token=reservation.token))


class _Session(ClientSession):  # type: ignore[misc]  # labgrid has no types
    """labgrid's client, which hears of every change of a place, with a connection and a name of its own."""

    def __init__(self, address: str, number: int) -> None:
        super().__init__(address, asyncio.get_running_loop())
        self.channel = grpc.aio.insecure_channel(address, options=(("grpc.use_local_subchannel_pool", 1),))
        self.stub = CoordinatorStub(self.channel)
        self._number = number

    def getuser(self) -> str:
        return f"worker-{self._number}"


@contextlib.contextmanager
def coordinator(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start labgrid's coordinator in an empty folder, on a loopback address of its own."""
    address = f"{loopback_address(0)}:{PORT}"
    command = [str(Path(sys.executable).parent / "labgrid-coordinator"), "-l", address]
    with (folder / "coordinator.txt").open("wb") as log:
        program = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        yield address, program
    finally:
        program.kill()
        program.wait()


@contextlib.contextmanager
def exporters(address: str, folder: Path, count: int) -> Iterator[None]:
    """Start so many exporters and wait until the coordinator knows them."""
    command = [sys.executable, "-m", "hil.perf.coordinator.exporters", address, str(folder), str(count)]
    with (folder / "exporters.txt").open("wb") as log:
        program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
    try:
        if b"ready\n" not in iter(program.stdout.readline, b""):  # type: ignore[union-attr]  # it is a pipe
            raise RuntimeError(f"the exporters ended: {(folder / 'exporters.txt').read_text()[-500:]}")
        yield
    finally:
        program.kill()
        program.wait()


def _processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _memory(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


if __name__ == "__main__":
    raise SystemExit(main())
