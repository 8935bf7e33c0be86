"""The runs that the acceptance tests look at, the slow ones first."""

from __future__ import annotations

import os
import pty
import shlex
import subprocess
import termios
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil.chain.node import debian, native
from hil.evidence.documents import Kind
from hil.tests.acceptance.commands import (
    TIMEOUT,
    Finished,
    Project,
    Running,
    command_lines,
    poll,
    still_taken,
)

PLANS: dict[str, Callable[[Path], Any]] = {}

TOAST = "features/toast.feature"
SMOKE = "features/smoke.feature"
SLICE = "One slice, sold by the socket in <mode> mode[single-fee-1]"
SEED, OTHER_SEED = "7", "8"
PROVIDER = "native" if native.available() is not None else "docker"
FIRST_BOOT = "features/boot.feature:6"


def plan(function: Callable[[Path], Any]) -> Callable[[Path], Any]:
    PLANS[function.__name__] = function
    return function


def prepare() -> None:
    """Have a native bitcoind unpacked before anything is timed."""
    if PROVIDER == "native":
        native.command_for("bitcoind")


def line_of(project: Project, file: str, text: str) -> str:
    """Return ``file:line`` of the first line of a feature file that holds ``text``."""
    lines = (project.folder / file).read_text(encoding="utf-8").splitlines()
    return f"{file}:{next(number for number, line in enumerate(lines, 1) if text in line)}"


def slice_of_toast(project: Project) -> str:
    """Return ``file:line`` of the row of the outline that is one slice in single-fee mode."""
    return line_of(project, TOAST, "| single-fee  | 1 ")


@plan
def realtime(folder: Path) -> Finished:
    """Two short scenarios, one for each device under test, with the devices as processes on the wall clock."""
    project = Project.make(folder)
    lines = [line_of(project, SMOKE, name) for name in ("The socket cuts off a cable", "The cable buys")]
    return project.run("run", *lines, "--rig", "rigs/realtime.yaml", "--node", PROVIDER, "--seed", SEED)


@dataclass(frozen=True)
class StandingNode:
    """A run on a node of ``hil node up``, and what bitcoin-cli says of its transaction afterwards."""

    up: Finished
    info: Finished
    run: Finished
    password: str
    seen_in_ps: str
    asked: subprocess.CompletedProcess[str]
    txid: str
    down: Finished
    down_again: Finished
    node_is_gone: bool


@plan
def standing_node(folder: Path) -> StandingNode:
    cache = folder.with_name("cache")
    cache.mkdir()
    if (tree := debian.unpacked()) is not None:
        (cache / tree.root.name).symlink_to(tree.root)
    project = Project.make(folder, HIL_CACHE=str(cache))
    up = project.run("node", "up", "--provider", PROVIDER)
    try:
        info = project.run("node", "info")
        _, _, password = (cache / "standing.cookie").read_text().partition(":")
        lines = {key: rest.strip() for key, _, rest in (line.partition(":") for line in info.said.splitlines())}
        settings = dict(word.split("=", 1) for word in shlex.split(lines["use it"]) if "=" in word)
        user = Project(project.folder, {**project.environment, **settings})
        running = user.start("run", slice_of_toast(project), "--seed", SEED)
        snapshots = _watch_command_lines(running)
        run = running.finish()
        txid = next(
            str(event.data["txid"])
            for event in run.record.scenarios[0].events
            if event.kind == "transaction" and event.data["event"] == "confirmed"
        )
        ask = [*shlex.split(lines["ask it"])[:-1], "getrawtransaction", txid, "true"]
        asked = subprocess.run(ask, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    finally:
        down = project.run("node", "down")
    down_again = project.run("node", "down")
    port = int(settings["HIL_NODE_URL"].rpartition(":")[2])
    is_gone = not still_taken([("127.0.0.1", port)])
    return StandingNode(up, info, run, password, snapshots, asked, txid, down, down_again, is_gone)


def _watch_command_lines(running: Running) -> str:
    """Return all that ``ps`` could have shown from now to the end of a command."""
    seen: set[str] = set()

    def ended() -> bool:
        seen.update(command_lines().splitlines())
        return running.process.poll() is not None

    poll(ended, "the end of the run")
    return "\n".join(sorted(seen))


@plan
def toast(folder: Path) -> Finished:
    """One slice by ``hil run features/toast.feature:<line>``, native node."""
    project = Project.make(folder)
    return project.run("run", slice_of_toast(project), "--node", PROVIDER, "--seed", SEED)


@plan
def toast_of_another_seed(folder: Path) -> Finished:
    """The same with another seed, by ``pytest features/toast.feature::<scenario>``."""
    project = Project.make(folder, NODE=PROVIDER)
    return project.run(f"{TOAST}::{SLICE}", "--seed", OTHER_SEED, program=("-m", "pytest"))


@dataclass(frozen=True)
class OnTerminal:
    """A run on a pseudo-terminal: all the bytes that a person's terminal got."""

    code: int
    written: bytes
    finished: Finished
    line: str
    """``file:line`` of the step that failed."""


@plan
def too_slow(folder: Path) -> OnTerminal:
    """A socket that needs 31 s to its first payment, by its profile in the rig file."""
    project = Project.make(folder)
    rig = project.rig(
        "slow.yaml",
        ("serial: virtual-socket\n        profile: {}", "serial: slow\n        profile: {boot_delay_s: 10}"),
    )
    person, program = pty.openpty()
    termios.tcsetwinsize(program, (24, 160))
    running = project.start(
        "run", FIRST_BOOT, "--rig", rig, "--node", PROVIDER, "--seed", SEED, stdout=program, stderr=program
    )
    os.close(program)
    written = bytearray()

    def read() -> bool:
        try:
            data = os.read(person, 1 << 16)
        except OSError:  # the last program on the other end has gone
            return True
        written.extend(data)
        return not data

    try:
        poll(read, "the end of the run")
    finally:
        os.close(person)
    finished = running.finish()
    step = line_of(project, "features/boot.feature", "Then the first payment was accepted within 27 s")
    return OnTerminal(finished.code, bytes(written), finished, step)


@plan
def collected(folder: Path) -> Finished:
    """What a run without paths would carry out."""
    return Project.make(folder).run("run", "--collect-only", "-q")


@plan
def shuffled(folder: Path) -> dict[str, Finished]:
    """Scenarios of two features on one node, in the order of the files and in another one; the last of them alone."""
    features = ("features/boot.feature", "features/underpayment.feature")
    orders = {"as written": (), "shuffled": ("--shuffle",), "again": ("--shuffle",)}
    outcomes = {
        name: Project.make(folder / name.replace(" ", "-")).run(
            "run", *features, "--node", PROVIDER, "--seed", SEED, *options
        )
        for name, options in orders.items()
    }
    last = outcomes["as written"].record.scenarios[-1]
    told = str((next(last.of(Kind.START)).host or {})["again"])
    return {**outcomes, "alone": Project.make(folder / "alone").run(*shlex.split(told)[1:])}


@plan
def side_by_side(folder: Path) -> list[Finished]:
    """Two runs of one seed at the same time in one project."""
    project = Project.make(folder)
    command = ("run", "features/boot.feature", "--node", PROVIDER, "--seed", SEED)
    both = [project.start(*command, "--repeat", "2", said=f"said-{number}.txt") for number in range(2)]
    return [running.finish() for running in both]
