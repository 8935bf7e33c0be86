"""Runs about the ledger: devices that each lack a defence, and benches that lose what they see the ledger by."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from hil.tests.acceptance.commands import TIMEOUT, Finished, Project, Running
from hil.tests.acceptance.plans import PLANS, PROVIDER, SEED, plan

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
