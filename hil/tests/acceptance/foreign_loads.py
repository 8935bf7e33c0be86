"""What other people's drivers of electronic loads, as their packages bring them, get from a standing virtual bench."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pyModbusTCP.client import ModbusClient

from hil.tests.acceptance.commands import own_address
from hil.tests.acceptance.foreign import ask, standing
from hil.tests.acceptance.plans import plan

ROOT = Path(__file__).parents[3]
CLIENTS = ROOT / ".cache" / "clients" / "bin" / "python"
"""The environment of ``make clients``."""

SCRIPTS = ROOT / "fixtures" / "clients"

Told = dict[str, Any]


@plan
def load_clients(folder: Path) -> dict[str, Told]:
    """Each client on a bench of its own, with the mains on; by client and instrument."""
    folder.mkdir()
    told = {}
    with Bench(folder, 11, "dl3021") as bench:
        told["dcps"] = bench.converse("dl3021_dcps")
        told["instro DL3021"] = bench.converse("dl3021_instro")
        told["any DL3021"] = bench.talk("CURR 1.5", "CURR?")
        told["lxi screenshot"] = bench.screenshot()
    with Bench(folder, 12, "bk8500b") as bench:
        told["instro 8500B"] = bench.converse("bk8500b_instro")
    with Bench(folder, 13, "it8615") as bench:
        told["any IT8615"] = bench.talk("CURR 1.5", "CURR?")
    return told


class Bench:
    """A standing bench with this load, K1 and K2 closed."""

    def __init__(self, folder: Path, number: int, load: str) -> None:
        self._folder = folder
        self._address = own_address(number)
        self._standing = standing(folder, self._address, "--load", load, "--inst0", "load")

    def __enter__(self) -> Bench:
        ports = self._standing.__enter__()["ports"]
        self._port = str(ports["load"])
        relays = ModbusClient(self._address, ports["relays"], timeout=10, auto_close=True)
        assert relays.write_multiple_coils(0, [True, True])
        return self

    def __exit__(self, *raised: Any) -> None:
        self._standing.__exit__(*raised)

    def converse(self, script: str) -> Told:
        """Run a client that opens the load as a raw socket through VISA."""
        return self._run(script, f"TCPIP::{self._address}::{self._port}::SOCKET")

    def talk(self, command: str, question: str) -> Told:
        """Run scpi and socketscpi."""
        return self._run("any_scpi", self._address, self._port, command, question)

    def screenshot(self) -> Told:
        """Run the plug-in rigol-dl3000 of lxi-tools, which asks inst0."""
        file = self._folder / "display.bmp"
        words = ["--address", self._address, "--plugin", "rigol-dl3000", str(file)]
        answer = ask("lxi", "screenshot", *words, folder=self._folder)
        return {"said": answer.stdout + answer.stderr, "file": str(file)}

    def _run(self, script: str, *words: str) -> Told:
        answer = ask(str(CLIENTS), str(SCRIPTS / f"{script}.py"), *words, folder=self._folder)
        assert answer.returncode == 0, answer.stderr
        told: Told = json.loads(answer.stdout)
        return told
