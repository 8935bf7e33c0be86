"""Runs about the ledger: devices that each lack a defence, and benches that lose what they see the ledger by."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from hil.chain.funding.coin_tree import DEPTH, ROOTS, CoinTree
from hil.chain.funding.wallet import derive
from hil.protocol.payment.coins import Coin, OutPoint
from hil.tests.acceptance.commands import TIMEOUT, Finished, Project, Running
from hil.tests.acceptance.plans import PLANS, PROVIDER, SEED, plan
from hil.units import Satoshi

TABLE = Path(__file__).with_name("defences.yaml")
MANY = 4
"""A run of up to nine scenarios may take so many times as long as any other command."""


@dataclass(frozen=True)
class Defence:
    """One row of the table: a device's profile that lacks a defence, and the scenarios that must find it.

    :param why: for scenarios that no device can fail by lacking one; they are not run then.
    """

    profile: Mapping[str, Any]
    scenarios: Sequence[str]
    why: str = ""
    device: str = "socket"

    @property
    def plan(self) -> str:
        """Name of its plan."""
        names = [*self.profile.get("defects", ()), *(name for name in self.profile if name != "defects")]
        return "lacking_" + "_".join(names)


def defences() -> list[Defence]:
    """Return the table."""
    rows = YAML(typ="safe", pure=True).load(TABLE.read_text(encoding="utf-8"))
    return [
        Defence(row.get("profile", {}), row["fails"], row.get("why", ""), row.get("device", "socket")) for row in rows
    ]


def _lacking(defence: Defence) -> Callable[[Path], Finished]:
    def carry_out(folder: Path) -> Finished:
        project = Project.make(folder)
        profile = YAML(typ="safe", pure=True)
        profile.default_flow_style = True
        profile.width = 1000
        text = folder.with_suffix(".profile")
        profile.dump(dict(defence.profile), text)
        honest = f"serial: virtual-{defence.device}\n        profile: {{}}"
        rig = project.rig("lacking.yaml", (honest, f"serial: bad\n        profile: {text.read_text().strip()}"))
        command = ("run", *defence.scenarios, "--rig", rig, "--node", PROVIDER, "--seed", SEED)
        return project.run(*command, timeout=MANY * TIMEOUT)

    return carry_out


# --- two scenarios that want one coin ---------------------------------------------------------------------------------

TWINS = "twins.feature"
TWIN = """\
  Scenario: {name}
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the session has ended
    Then the energy delivered is 8 Wh within 2 %
"""


def twin_names() -> tuple[str, str]:
    """Return names of two scenarios that are paid with the same coin."""
    roots = [Coin(OutPoint(f"{root:064x}", 0), Satoshi(5_000_000_000), b"") for root in range(ROOTS)]
    tree = CoinTree(roots, {})
    names: dict[tuple[int, ...], str] = {}
    for number in range(5000):
        name = f"The cable pays once, time {number}"
        leaf = tree._path(derive(int(SEED), f"scenario/{SEED}/{TWINS}/{name}/0"), DEPTH)
        if leaf in names:
            return names[leaf], name
        names[leaf] = name
    raise AssertionError("no two of thousands want one coin")


@plan
def twins(folder: Path) -> tuple[Finished, Finished]:
    """Two scenarios that want one coin, one after the other on one bench; the second alone."""
    first, second = twin_names()
    runs = []
    for name, scenarios in (("both", [TWINS]), ("alone", [f"{TWINS}::{second}"])):
        project = Project.make(folder / name)
        text = "Feature: Twins\n" + "".join(TWIN.format(name=one) for one in (first, second))
        (project.folder / TWINS).write_text(text)
        runs.append(project.run("run", *scenarios, "--benches", "1", "--node", PROVIDER, "--seed", SEED))
    both, alone = runs
    return both, alone


PLANS |= {defence.plan: _lacking(defence) for defence in defences() if defence.profile}


# --- a bench that loses what it sees the ledger by --------------------------------------------------------------------

LOSING = """\
Feature: A bench that loses its ledger
  Scenario: A slice
    Given the socket is under test in single-fee mode
    And the socket sees the ledger by {view}
    And the load draws 100 W
    When the devices are switched on
    And 3000 s have passed
    Then the energy delivered is 82.7 Wh within 5 %
"""


def _in_a_session(folder: Path, view: str) -> tuple[Running, Callable[[str, int], None]]:
    """Return a run in the middle of a session, and what sends a signal to one of its programs, named by a word."""
    project = Project.make(folder)
    (project.folder / "losing.feature").write_text(LOSING.format(view=view))
    running = project.start("run", "losing.feature", "--node", "native", "--seed", SEED)
    running.wait_for_receipt()

    def send(program: str, number: int) -> None:
        found = [helper for helper in running.helpers() if any(program in word for word in helper.command)]
        assert len(found) == 1, found
        os.kill(found[0].pid, number)

    return running, send


@plan
def node_lost(folder: Path) -> Finished:
    """The bench's own node is killed in the middle of a session, by nobody's wish."""
    running, send = _in_a_session(folder, "node")
    send("bitcoind", signal.SIGKILL)
    return running.finish(MANY * TIMEOUT)


@plan
def node_hung(folder: Path) -> Finished:
    """It stands still in the middle of a session and answers nobody."""
    running, send = _in_a_session(folder, "node")
    send("bitcoind", signal.SIGSTOP)
    return running.finish(MANY * TIMEOUT)


@plan
def server_lost(folder: Path) -> Finished:
    """The server by which an SPV socket sees the ledger is killed in the middle of a session."""
    running, send = _in_a_session(folder, "spv")
    send("electrum", signal.SIGKILL)
    return running.finish(MANY * TIMEOUT)
