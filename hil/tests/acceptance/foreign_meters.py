"""What other people's clients of meters, relay boards and energy modules get from a standing virtual bench."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from pyModbusTCP.client import ModbusClient

from hil.tests import npm
from hil.tests.acceptance.commands import TIMEOUT, environment, own_address
from hil.tests.acceptance.foreign import Answer, ask, standing
from hil.tests.acceptance.foreign_loads import CLIENTS, SCRIPTS, Told
from hil.tests.acceptance.plans import plan
from hil.vbench.devices.pzem004t import PzemValues, RtuPort, VirtualPzem
from hil.vbench.io.pty import Terminal

MODBUS_SERIAL = "modbus-serial@8.0.25"
JSMODBUS = "jsmodbus@4.0.10"


@plan
def meter_clients(folder: Path) -> dict[str, Told]:
    """By client: RsInstrument by way, the generic ones by library, relays by those of npm, a PZEM by RTU clients."""
    folder.mkdir()
    address = own_address(14)
    told: dict[str, Told] = {}
    with standing(folder, address) as ready:
        relays = ModbusClient(address, ready["ports"]["relays"], timeout=10, auto_close=True)
        assert relays.write_multiple_coils(0, [True, True])
        for script, words in (("meter_rsinstrument", [str(folder)]), ("meter_generic", [])):
            told |= _understood(ask(str(CLIENTS), str(SCRIPTS / f"{script}.py"), address, *words, folder=folder))
        board = str(ready["ports"]["relays"])
        for client, script, package in (
            ("modbus-serial", "relays.js", MODBUS_SERIAL),
            ("jsmodbus", "relays_jsmodbus.js", JSMODBUS),
        ):
            words = ["node", str(SCRIPTS / script), address, board]
            told[client] = _understood(ask(*words, folder=folder, more=_with_package(package)))
    told["RTU"] = asyncio.run(_ask_pzem(str(CLIENTS), str(SCRIPTS / "pzem_rtu.py")))
    told["RTU of modbus-serial"] = asyncio.run(
        _ask_pzem("node", str(SCRIPTS / "pzem.js"), **_with_package(MODBUS_SERIAL))
    )
    return told


def _with_package(package: str) -> dict[str, str]:
    """Return the environment in which a program of node finds a package of npm."""
    return {"NODE_PATH": str(npm.installed(package.replace("@", "-"), package))}


async def _ask_pzem(*command: str, **more: str) -> Told:
    """Run an RTU client against a module at a PTY, as the bench gives one to a device in real time."""
    loop = asyncio.get_running_loop()
    module = VirtualPzem(lambda: PzemValues(230.0, 5.652, 1300.0, 8.9, 50.0))
    terminal = Terminal(lambda data: port.receive(data))
    port = RtuPort(module, terminal.write, loop.call_later)
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            terminal.path,
            env=environment(more),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await asyncio.wait_for(process.communicate(), TIMEOUT)
    finally:
        terminal.close()
    assert process.returncode == 0, complained.decode()
    told: Told = json.loads(said)
    return told


def _understood(answer: Answer) -> dict[str, Told]:
    assert answer.returncode == 0, answer.stderr
    told: dict[str, Told] = json.loads(answer.stdout)
    return told
