"""``python -m hil.tests.fleet.network.cut_bench ADDRESS``: a bench with a closed relay, and then its cable is pulled.

Writes one JSON object: which relays were not open before, and after the bench has noticed; what the controller was
told; whether a safe state gives up in time; and whether another controller is admitted when the cable is back.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from pyModbusTCP.client import ModbusClient

from hil.clock import stopwatch
from hil.errors import RigFault
from hil.rig.safety.standalone_safe_state import ROUNDS, SafeStateMaker
from hil.rig.virtual.environment import ADDRESS_VARIABLE
from hil.rig.virtual.standing import StandingBench
from hil.tests.acceptance.commands import ROOT, poll
from hil.tests.fleet.network import rig_network
from hil.tests.fleet.network.open_relays import RELAYS_PORT, not_open_there
from hil.tests.fleet.network.rig_network import RigNetwork
from hil.tests.fleet.struck_fleet import READY
from hil.vbench.io.sockets import SILENT_S


def main(address: str) -> int:
    """Do it; must be root."""
    rig_network.enter()
    told: dict[str, object] = {}
    with RigNetwork.made(address) as network:
        words = network.inside([sys.executable, "-m", "hil.vbench", "--address", address])
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as program:
            try:
                assert program.stdout is not None
                assert READY["bench"] in program.stdout.readline()
                bench = StandingBench(address)
                ModbusClient(address, RELAYS_PORT, timeout=5.0).write_single_coil(0, True)
                told["before"] = not_open_there(network)
                network.cut()
                silence = stopwatch()
                told["said"] = [_asked(bench), _asked(bench)]
                told["gave up"] = _gives_up(address)
                poll(lambda: not not_open_there(network) or silence() > 2 * SILENT_S, "the bench to notice")
                told["after"] = not_open_there(network)
                network.join()
                StandingBench(address).close()
                told["another"] = "admitted"
            finally:
                program.kill()
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


def _asked(bench: StandingBench) -> str:
    try:
        bench.look_for_faults()
    except RigFault as fault:
        return str(fault)
    return ""


def _gives_up(address: str) -> bool:
    """Try to make the bench safe as the watchdog does; tell whether that ends before all rounds were tried."""
    os.environ[ADDRESS_VARIABLE] = address
    maker = SafeStateMaker(ROOT / "rigs/realtime.yaml", lambda text: None)
    report = maker.act("its network is cut")
    maker.close()
    return not report.reached and all(step.tries < ROUNDS for step in report.steps)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
