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


@plan
def meter_clients(folder: Path) -> dict[str, Told]:
    """By client: RsInstrument by way, the generic ones by library, relays by modbus-serial, a PZEM by RTU clients."""
    folder.mkdir()
    address = own_address(14)
    told: dict[str, Told] = {}
    with standing(folder, address) as ready:
        relays = ModbusClient(address, ready["ports"]["relays"], timeout=10, auto_close=True)
        assert relays.write_multiple_coils(0, [True, True])
        for script, words in (("meter_rsinstrument", [str(folder)]), ("meter_generic", [])):
            told |= _understood(ask(str(CLIENTS), str(SCRIPTS / f"{script}.py"), address, *words, folder=folder))
        modules = npm.installed(MODBUS_SERIAL.replace("@", "-"), MODBUS_SERIAL)
        board = str(ready["ports"]["relays"])
        script = str(SCRIPTS / "relays.js")
        answer = ask("node", script, address, board, folder=folder, more={"NODE_PATH": str(modules)})
        told["modbus-serial"] = _understood(answer)
    told["RTU"] = asyncio.run(_ask_pzem())
    return told


async def _ask_pzem() -> Told:
    """Run the RTU clients against a module at a PTY, as the bench gives one to a device in real time."""
    loop = asyncio.get_running_loop()
    module = VirtualPzem(lambda: PzemValues(230.0, 5.652, 1300.0, 8.9, 50.0))
    terminal = Terminal(lambda data: port.receive(data))
    port = RtuPort(module, terminal.write, loop.call_later)
    try:
        process = await asyncio.create_subprocess_exec(
            str(CLIENTS),
            str(SCRIPTS / "pzem_rtu.py"),
            terminal.path,
            env=environment({}),
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
