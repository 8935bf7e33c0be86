"""One run for each part of a bench and each way to fail: in the middle of a session that would have passed."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hil.chain.node.providers import choose
from hil.tests.acceptance.commands import Finished, Project
from hil.tests.acceptance.faulty_parts import (
    FAULTS,
    FROM_THE_DEVICE,
    Address,
    FaultyInstrument,
    FaultyLine,
    FaultyNode,
    FaultyRelays,
    Proxy,
)

SOCKET = """\
Feature: A bench of which a part fails
  Scenario: A socket sells
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the session has ended
    Then the energy delivered is 24 Wh within 3 %
    And the newest valid transaction was broadcast and confirms
"""

CABLE = """\
Feature: A bench of which a part fails
  Scenario: A cable buys
    Given the cable is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the session has ended
    Then the energy delivered is 24 Wh within 3 %
    And the cable signed 3 payments
"""

LINES = {"socket-link": 7001, "cable-link": 7002, "socket-console": 7003, "cable-console": 7004}
INSTRUMENTS = {"meter": 5025, "load": 30000}
RELAYS = {"K1": 0, "K2": 1, "K3": 2, "K4": 3}
BOARD = 5020
PARTS = (*INSTRUMENTS, *RELAYS, *LINES, "node")


@dataclass(frozen=True)
class Cell:
    """One run: which part fails, and how; no fault: the proxies are there and pass everything on."""

    part: str
    fault: str
    number: int

    @property
    def plan(self) -> str:
        return f"matrix_{self.part}_{self.fault or 'healthy'}"

    @property
    def device(self) -> str:
        """The device under test: the one whose lines the part is, the socket for all others."""
        return "cable" if self.part in {"cable-link", "cable-console", "K4"} else "socket"


CELLS = [Cell(part, fault, number) for number, (part, fault) in enumerate((p, f) for p in PARTS for f in FAULTS)]
HEALTHY = [Cell(part, "", len(CELLS) + number) for number, part in enumerate(("meter", "K2", "cable-link", "node"))]


def run(cell: Cell, folder: Path) -> Finished:
    """Carry out the run of a cell in a project of its own."""
    bench, proxies = (f"127.{kind}.{os.getpid() % 250 + 1}.{cell.number + 1}" for kind in (196, 197))
    project = Project.make(folder)
    (project.folder / "cell.feature").write_text(SOCKET if cell.device == "socket" else CABLE)
    began = threading.Event()
    link = f"{cell.device}-link"
    with contextlib.ExitStack() as closing:

        def add(make: Callable[..., Proxy], port: int, fault: str) -> None:
            closing.callback(make((proxies, port), (bench, port), fault, began).close)

        parts = {link, cell.part}
        add(partial(FaultyLine, FROM_THE_DEVICE), LINES[link], cell.fault if cell.part == link else "")
        if cell.part in LINES and cell.part != link:
            add(partial(FaultyLine, None), LINES[cell.part], cell.fault)
        elif cell.part in INSTRUMENTS:
            add(FaultyInstrument, INSTRUMENTS[cell.part], cell.fault)
        elif cell.part in RELAYS:
            add(partial(FaultyRelays, RELAYS[cell.part]), BOARD, cell.fault)
        provider = "native"
        if cell.part == "node":
            node = closing.enter_context(choose(provider))
            there: Address = (node.endpoint.host, node.endpoint.port)
            proxy = FaultyNode(("127.0.0.1", 0), there, cell.fault, began)
            closing.callback(proxy.close)
            project.environment |= {
                "HIL_NODE_URL": f"http://127.0.0.1:{proxy.address[1]}",
                "HIL_NODE_USER": node.endpoint.user,
                "HIL_NODE_PASSWORD": node.endpoint.password,
            }
            provider = "external"
        rig = project.rig("cell.yaml", *_changes(parts, bench, proxies))
        return project.run("run", "cell.feature", "--rig", rig, "--node", provider, "--seed", "7")


def _changes(parts: set[str], bench: str, proxies: str) -> list[tuple[str, str]]:
    changes = [
        ("VirtualBench:\n          name: bench", f"VirtualBench:\n          name: bench\n          address: {bench}")
    ]
    for name, port in INSTRUMENTS.items():
        if name in parts:
            changes.append((f"TCPIP::$LG_HIL_BENCH::{port}::SOCKET", f"TCPIP::{proxies}::{port}::SOCKET"))
    for name in LINES:
        if name in parts:
            changes.append((f"{{name: {name}, host: !template '$LG_HIL_BENCH'", f"{{name: {name}, host: '{proxies}'"))
    for name in RELAYS:
        if parts & set(RELAYS):
            changes.append(
                (
                    f"{{name: {name}, host: !template '$LG_HIL_BENCH:{BOARD}'",
                    f"{{name: {name}, host: '{proxies}:{BOARD}'",
                )
            )
    return changes
