"""Sessions of ``hil shell``, from a pipe and at a terminal."""

from __future__ import annotations

import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hil.clock import stopwatch
from hil.tests.acceptance.commands import Finished, Project, poll
from hil.tests.acceptance.plans import PROVIDER, SEED, plan
from hil.tests.acceptance.typist import CTRL_C, CTRL_D, TAB, at_terminal

SHELL = ("shell", "rigs/virtual.yaml", "--node", PROVIDER, "--seed", SEED)

PROMPT = "hil>"

START = ("Given the socket is under test in single-fee mode", "Given the load draws 100 W")

PIPED = f"""\
{START[0]}
And the load draws 9 kW
the load draws 100 W
And the laod draws 5 W
When the devices are switched on
And the first payment has been accepted
And 10 s have passed
Then the highest power was between 90 W and 110 W
And the highest power was between 96 W and 98 W
:undo
:save mine.feature
:nonsense
"""
"""A script: a step without its keyword, one that is not known, one that the rig cannot do, one that fails."""


@dataclass(frozen=True)
class Piped:
    """A session from a pipe, the same once more, and what it saved, checked and run."""

    session: Finished
    again: Finished
    saved: str
    checked: Finished
    run: Finished


def _pipe(project: Project, text: str, *arguments: str) -> Finished:
    script = project.folder / "script.txt"
    script.write_text(text)
    with script.open() as lines:
        return project.start(*arguments, stdin=lines).finish()


@plan
def piped_session(folder: Path) -> Piped:
    project, other = Project.make(folder / "one"), Project.make(folder / "other")
    session, again = _pipe(project, PIPED, *SHELL), _pipe(other, PIPED, *SHELL)
    saved = (project.folder / "mine.feature").read_text()
    checked = other.run("check", str(project.folder / "mine.feature"))
    run = Project.make(folder / "run")
    (run.folder / "mine.feature").write_text(saved)
    return Piped(session, again, saved, checked, run.run("run", "mine.feature", "--node", PROVIDER, "--seed", SEED))


@dataclass(frozen=True)
class Typed:
    """A session at a terminal, and what was shown after each thing that was typed."""

    shown: dict[str, str]
    session: Finished


@plan
def typed_session(folder: Path) -> Typed:
    """Completion, a step that is interrupted, one that fails, a scenario that ends, another one, and Ctrl-D."""
    shown = {}
    with at_terminal(Project.make(folder), *SHELL) as typist:
        typist.wait(PROMPT)
        typist.type("Giv")
        typist.wait("Given")
        typist.type(f"{TAB}the socket is un")
        typist.wait("is under test in {mode} mode")
        typist.type(CTRL_C)
        typist.wait(PROMPT)
        for line in (*START, "When the devices are switched on", "And the first payment has been accepted"):
            typist.line(line)
            typist.wait("\u2713")
        typist.line("And 9 h have passed")
        shown["live"] = typist.wait("awaiting time to pass")
        typist.type(CTRL_C)
        typist.wait("interrupted")
        shown["interrupted"] = typist.wait("ledger ")
        typist.line("Then no power flowed")
        typist.wait("\u2717 fail")
        shown["failure"] = typist.wait(PROMPT)
        typist.line(":safe")
        typist.wait("the bench is safe: load off, K1 to K4 open, read back")
        typist.line(START[0])
        typist.wait("\u2713")
        typist.wait(PROMPT)
        typist.type(CTRL_D)
        typist.wait("the bench is safe")
        return Typed(shown, typist.finish())


@plan
def terminated_session(folder: Path) -> Finished:
    """SIGTERM while the prompt waits and power may flow."""
    with at_terminal(Project.make(folder), *SHELL) as typist:
        for line in (*START, "When the devices are switched on"):
            typist.wait(PROMPT)
            typist.line(line)
            typist.wait("\u2713")
        typist.wait(PROMPT)
        typist.running.signal(signal.SIGTERM)
        return typist.finish()


@plan
def hung_up_session(folder: Path) -> Finished:
    """The terminal is closed while the prompt waits and power may flow."""
    project = Project.make(folder)
    with at_terminal(project, *SHELL) as typist:
        for line in (*START, "When the devices are switched on"):
            typist.wait(PROMPT)
            typist.line(line)
            typist.wait("\u2713")
        typist.wait(PROMPT)
        running = typist.running
    return running.finish()


@plan
def killed_session(folder: Path) -> Path:
    """SIGKILL while the prompt waits and power may flow; returns the watchdog's report."""
    project = Project.make(folder)
    with at_terminal(project, *SHELL) as typist:
        for line in (*START, "When the devices are switched on"):
            typist.wait(PROMPT)
            typist.line(line)
            typist.wait("\u2713")
        typist.running.signal(signal.SIGKILL)

        def reported() -> list[Path]:
            return list(project.folder.glob("reports/runs/*/safe_state.json"))

        return Path(poll(reported, "the watchdog's report")[0])


IDLE_S = 2.5
"""More than two heartbeats of the rig below."""


@plan
def session_in_real_time(folder: Path) -> Finished:
    """Nothing is typed for longer than the watchdog waits for a sign of life."""
    project = Project.make(folder)
    file = project.folder / "rigs/realtime.yaml"
    file.write_text(file.read_text().replace("heartbeat: 5 s", "heartbeat: 1 s"))
    running = project.start(
        "shell", "rigs/realtime.yaml", "--node", PROVIDER, "--seed", SEED, stdin=subprocess.PIPE, bufsize=0
    )
    assert running.process.stdin is not None
    said = project.folder / "said.txt"
    running.process.stdin.write("\n".join([*START, "When the devices are switched on\n"]).encode())

    def devices_are_on() -> bool:
        assert running.process.poll() is None, said.read_text(encoding="utf-8")
        return said.read_text(encoding="utf-8").count("\u2713") == 3

    poll(devices_are_on, "the devices to be on")
    elapsed = stopwatch()
    poll(lambda: elapsed() > IDLE_S, "some idle seconds")
    running.process.stdin.write(b":status\n:quit\n")
    running.process.stdin.close()
    return running.finish()
