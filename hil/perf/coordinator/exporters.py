"""Many of labgrid's exporters in one process, each with the resources of one virtual rig, for a coordinator under load.

``python -m hil.perf.coordinator.exporters ADDRESS FOLDER COUNT`` prints ``ready`` when the coordinator knows all of
them, and goes on until it is ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

from labgrid.remote.exporter import Exporter

RESOURCES = (
    *(f"{name}: {{cls: VisaInstrument, resource: 'TCPIP::127.0.0.1::1::SOCKET'}}" for name in ("meter", "load")),
    *(f"K{number}: {{cls: ModbusTCPCoil, host: '127.0.0.1:1', coil: {number}}}" for number in range(1, 5)),
    *(
        f"{role}-{line}: {{cls: NetworkSerialPort, host: 127.0.0.1, port: 1, protocol: raw}}"
        for role in ("socket", "cable")
        for line in ("link", "console")
    ),
)
"""What a rig such as ``rigs/realtime.yaml`` has: two instruments, four relays, four lines."""


def exporter_name(number: int) -> str:
    """Return the name of an exporter, counted from 1."""
    return f"rig-{number:04d}"


async def serve(address: str, folder: Path, count: int) -> None:
    """Run so many exporters until cancelled."""
    resources = folder / "exported.yaml"
    resources.write_text("\n".join(["rig:", *(f"  {each}" for each in RESOURCES), ""]), encoding="utf-8")
    exporters: list[Exporter] = []
    runs: list[asyncio.Task[None]] = []
    for number in range(1, count + 1):
        exporter = Exporter(
            {
                "coordinator": address,
                "name": exporter_name(number),
                "hostname": "localhost",
                "isolated": False,
                "resources": str(resources),
            }
        )
        exporters.append(exporter)
        runs.append(asyncio.create_task(exporter.run()))
        while exporter.poll_task is None and not runs[-1].done():
            await asyncio.sleep(0.01)
    print("ready", flush=True)
    await asyncio.gather(*runs)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
