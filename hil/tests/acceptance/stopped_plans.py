"""Runs that are interrupted, killed or stopped, and what their watchdogs do then."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hil.chain.node.container import OWNER_LABEL, connect
from hil.tests.acceptance.commands import (
    Finished,
    Helper,
    Project,
    gone,
    helpers_of,
    poll,
    still_taken,
)
from hil.tests.acceptance.plans import PROVIDER, SEED, plan, slice_of_toast


@dataclass(frozen=True)
class Interrupted:
    """A run that was ended in the middle."""

    finished: Finished
    helpers: list[Helper]
    """The programs that it had started."""
    all_gone: bool
    busy: list[tuple[str, int]]
    """Where still somebody listens afterwards."""


def _interrupt(project: Project, number: int) -> Interrupted:
    # a shell under nohup leaves SIGHUP ignored to all that it starts
    heard = partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)
    running = project.start("run", "long.feature", "--node", PROVIDER, "--seed", SEED, preexec_fn=heard)
    running.wait_for_receipt()
    helpers = running.helpers()
    running.signal(number)
    finished = running.finish()
    all_gone = gone(helpers)
    busy = still_taken([endpoint for helper in helpers for endpoint in helper.endpoints()])
    return Interrupted(finished, helpers, all_gone, busy)


@plan
def interrupted(folder: Path) -> Interrupted:
    return _interrupt(Project.make(folder), signal.SIGINT)


@plan
def terminated(folder: Path) -> Interrupted:
    return _interrupt(Project.make(folder), signal.SIGTERM)


@plan
def hung_up(folder: Path) -> Interrupted:
    return _interrupt(Project.make(folder), signal.SIGHUP)


@dataclass(frozen=True)
class Killed:
    """A run that was killed in the middle, and the report that was made of what it left."""

    run: Interrupted
    folder: Path
    reported: Finished


def _report_of_the_dead(project: Project, run: Interrupted) -> Killed:
    folder = next(path for path in (project.folder / "reports/runs").iterdir() if not path.is_symlink())
    return Killed(run, folder, project.run("report", str(folder)))


@plan
def killed(folder: Path) -> Killed:
    project = Project.make(folder)
    return _report_of_the_dead(project, _interrupt(project, signal.SIGKILL))


@dataclass(frozen=True)
class KilledWithContainer:
    """A run in Docker that was killed, and the next one after it."""

    container: str
    was_left: bool
    next_run: Finished
    is_left: bool


@plan
def killed_with_container(folder: Path) -> KilledWithContainer:
    project = Project.make(folder)
    client = connect()
    try:
        running = project.start("run", "long.feature", "--node", "docker")
        running.wait_for_receipt()
        name = next(
            str(each.name)
            for each in client.containers.list(filters={"label": OWNER_LABEL})
            if each.labels[OWNER_LABEL].startswith(f"{running.process.pid}-")
        )
        running.signal(signal.SIGKILL)
        running.finish()

        def is_left() -> bool:
            return bool(client.api.containers(all=True, filters={"name": name}))

        was_left = is_left()
        next_run = project.run("run", slice_of_toast(project), "--node", "docker", "--seed", SEED)
        return KilledWithContainer(name, was_left, next_run, is_left())
    finally:
        client.close()


@dataclass(frozen=True)
class Abandoned:
    """A run in real time that was killed, what its watchdog told, and a further run on a rig that is locked."""

    said: str
    told: dict[str, Any]
    all_gone: bool
    busy: list[tuple[str, int]]
    devices_left: bool
    next_runs: list[Finished]


@plan
def abandoned(folder: Path) -> Abandoned:
    """SIGKILL to the process group in the middle of a session, with the socket as a program of its own."""
    project = Project.make(folder)
    running = project.start("run", "long.feature", "--node", PROVIDER, "--rig", "rigs/realtime.yaml")
    running.wait_for_receipt()
    helpers = running.helpers()
    bench = next(helper for helper in helpers if helper.name == "vbench")
    devices = [helper for helper in helpers_of(bench) if "device" in helper.command]
    assert devices
    running.signal(signal.SIGKILL)
    running.process.wait(timeout=5)
    all_gone = gone([*helpers, *devices])
    finished = running.finish()
    report = next(project.folder.glob("reports/runs/*/safe_state.json")).resolve()  # latest is another one soon
    busy = still_taken([endpoint for helper in helpers for endpoint in helper.endpoints()])
    left = any(device.is_alive() for device in devices)
    (project.folder / "reports/locks").mkdir()
    lock = {"rig": "realtime", "file": "realtime.yaml", "reason": "K1 is welded shut", "since": "2026-11-23"}
    (project.folder / "reports/locks/realtime.json").write_text(json.dumps(lock))
    steps = [
        project.run("run", "long.feature", "--rig", "rigs/realtime.yaml"),
        project.run("rig", "clear", "rigs/realtime.yaml"),
        project.run("rig", "clear", "rigs/realtime.yaml"),
    ]
    return Abandoned(finished.said, json.loads(report.read_text()), all_gone, busy, left, steps)


@plan
def hung(folder: Path) -> Finished:
    """A run in real time that is stopped until its watchdog has acted, and then goes on."""
    project = Project.make(folder)
    file = project.folder / "rigs/realtime.yaml"
    file.write_text(file.read_text().replace("heartbeat: 5 s", "heartbeat: 1 s"))
    running = project.start("run", "long.feature", "--node", PROVIDER, "--rig", "rigs/realtime.yaml")
    running.wait_for_receipt()
    running.signal(signal.SIGSTOP)
    poll(lambda: list(project.folder.glob("reports/runs/*/safe_state.json")), "the watchdog's report")
    running.signal(signal.SIGCONT)
    return running.finish()
