"""``python -m hil.tests.fleet.network.open_relays ADDRESS``: which relays of a bench are not open, by its board."""

from __future__ import annotations

import subprocess
import sys

from pyModbusTCP.client import ModbusClient

from hil.tests.fleet.network.rig_network import RigNetwork

RELAYS_PORT = 5020


def not_open(address: str) -> list[str]:
    """Return the names of the relays that are not open; one entry that says so if the board does not answer."""
    board = ModbusClient(host=address, port=RELAYS_PORT, auto_open=True, auto_close=True, timeout=5.0)
    states = board.read_coils(0, 4)
    if states is None:
        return ["does not answer"]
    return [f"K{number}" for number, closed in enumerate(states, 1) if closed]


def not_open_there(network: RigNetwork) -> list[str]:
    """Return the same of a rig behind a cable, asked beside the bench, whether the cable is cut or not."""
    words = network.inside([sys.executable, "-m", "hil.tests.fleet.network.open_relays", network.address])
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()


if __name__ == "__main__":
    sys.stdout.write("".join(f"{each}\n" for each in not_open(sys.argv[1])))
