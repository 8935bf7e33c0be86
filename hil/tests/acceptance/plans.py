"""The runs that the acceptance tests look at, the slow ones first."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import termios
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hil.chain.node import debian, native
from hil.chain.node.container import OWNER_LABEL, connect
from hil.evidence.documents import Kind
from hil.rig.virtual.environment import ADDRESS_VARIABLE
from hil.rig.virtual.process import VirtualBenchProcess
from hil.tests.acceptance import fault_matrix, lying_meters
from hil.tests.acceptance.commands import (
    TIMEOUT,
    Finished,
    Helper,
    Project,
    Running,
    command_lines,
    environment,
    gone,
    helpers_of,
    is_free,
    own_address,
    poll,
)
from hil.tests.instruments.scripted import SILENCE, ScriptedInstrument, load_transcript

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


# --- in real time ----------------------------------------------------------------------------------------------------


@plan
def realtime(folder: Path) -> Finished:
    """Two short scenarios, one for each device under test, with the devices as processes on the wall clock."""
    project = Project.make(folder)
    lines = [line_of(project, SMOKE, name) for name in ("The socket cuts off a cable", "The cable buys")]
    return project.run("run", *lines, "--rig", "rigs/realtime.yaml", "--node", PROVIDER, "--seed", SEED)


# --- interrupted -----------------------------------------------------------------------------------------------------


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
    busy = [endpoint for helper in helpers for endpoint in helper.endpoints() if not is_free(endpoint)]
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


# --- good runs -------------------------------------------------------------------------------------------------------


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
    is_gone = is_free(("127.0.0.1", port))
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


# --- bad input -------------------------------------------------------------------------------------------------------


@plan
def garbage_meter(folder: Path) -> Finished:
    """A meter that knows its name and its settings, and answers garbage when it is read."""
    project = Project.make(folder)
    garbage: list[Any] = [b"\x00\xff~~ 12,,;\n"] * 1000
    with ScriptedInstrument(load_transcript("hmc8015"), {"CHAN1:MEAS:DATA?": garbage}) as meter:
        rig = project.rig("garbage.yaml", ("'TCPIP::$LG_HIL_BENCH::5025::SOCKET'", f"'{meter.resource}'"))
        return project.run("run", FIRST_BOOT, "--rig", rig, "--node", PROVIDER, "--seed", SEED)


FULL_AT = 300_000
LITTLE_ROOM = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({FULL_AT}, {FULL_AT}))
from hil.cli.main import main
sys.exit(main())
"""
"""``hil`` for which no file may grow beyond this many bytes: to a writer that is a full disk."""


@plan
def full_disk(folder: Path) -> Finished:
    """A disk that takes no more in the middle of a session."""
    project = Project.make(folder)
    return project.run("run", "long.feature:2", "--node", PROVIDER, "--seed", SEED, program=("-c", LITTLE_ROOM))


@plan
def dead_meter(folder: Path) -> Finished:
    """A meter at an address where nobody listens, for a run of several scenarios on one bench."""
    project = Project.make(folder)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        resource = f"'TCPIP::127.0.0.1::{silent.getsockname()[1]}::SOCKET'"
        rig = project.rig("dead.yaml", ("'TCPIP::$LG_HIL_BENCH::5025::SOCKET'", resource))
        feature, one = "features/boot.feature", ("--benches", "1")
        return project.run("run", feature, *one, "--rig", rig, "--node", PROVIDER, "--seed", SEED)


@plan
def socket_only(folder: Path) -> Finished:
    """A bench that cannot put a cable on trial, asked to."""
    project = Project.make(folder)
    rig = project.rig("socket-only.yaml", ("[socket under test, cable under test, pair]", "[socket under test]"))
    return project.run("run", "features/boot.feature", "--rig", rig, "--node", PROVIDER, "--seed", SEED)


UNDECIDED = """\
Feature: Faster than the meter
  Scenario: The socket is faster than the meter
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable underpays by 1 sat from the second payment on
    When the devices are switched on
    And the session has ended
    Then the power was cut within 20 ms of the refused payment
"""


@plan
def undecided(folder: Path) -> Finished:
    """A limit that the meter of the bench is too slow for, beside a scenario in Swedish that runs."""
    project = Project.make(folder)
    (project.folder / "fast.feature").write_text(UNDECIDED, encoding="utf-8")
    return project.run("run", "fast.feature", "features/brodrost.feature", "--node", PROVIDER, "--seed", SEED)


@plan
def busy_port(folder: Path) -> Finished:
    """A rig file that fixes the address of the bench, where somebody has the meter's port already."""
    project = Project.make(folder)
    address = own_address(1)
    rig = project.rig("busy.yaml", ("VirtualBench:\n          name: bench", f"VirtualBench: {{address: {address}}}"))
    with socket.socket() as other:
        other.bind((address, 5025))
        other.listen()
        return project.run("run", FIRST_BOOT, "--rig", rig, "--node", PROVIDER, "--seed", SEED)


@plan
def missing_node(folder: Path) -> Finished:
    """A machine without Docker, bitcoind and Debian mirror."""
    nothing = folder.with_name("nothing")
    nothing.mkdir()
    cache = folder.with_name("empty-cache")
    project = Project.make(folder, PATH=str(nothing), HIL_CACHE=str(cache), DOCKER_HOST=f"unix://{nothing}/docker.sock")
    return project.run("run", FIRST_BOOT, "--seed", SEED)


@plan
def broken_rig(folder: Path) -> Finished:
    """A rig file with two mistakes."""
    project = Project.make(folder)
    rig = project.rig("broken.yaml", ("power: 2000 W", "power: 2000 Watts"), ("energy: 20 kWh", "energi: 20 kWh"))
    return project.run("run", "features/boot.feature", "--rig", rig, "--seed", SEED)


@plan
def wrong_feature(folder: Path) -> Finished:
    """A feature file with an undefined step."""
    project = Project.make(folder)
    text = "Feature: Wrong\n  Scenario: One\n    When the devices are swiched on\n"
    (project.folder / "wrong.feature").write_text(text)
    return project.run("run", "wrong.feature", "--seed", SEED)


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


# --- the bench alone -------------------------------------------------------------------------------------------------


FOREIGN_CLIENTS = ("lxi", "mbpoll")
"""Of the Debian packages lxi-tools and mbpoll."""


@dataclass(frozen=True)
class StandingBench:
    """``hil vbench up``: its ready line, what foreign clients got, and how it ended."""

    ready: str
    answers: dict[str, subprocess.CompletedProcess[str]]
    code: int
    rest: str
    busy: list[tuple[str, int]]


@plan
def standing_bench(folder: Path) -> StandingBench:
    folder.mkdir()
    address = own_address(2)
    process = subprocess.Popen(
        [sys.executable, "-m", "hil.cli.main", "vbench", "up", "--address", address],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment({}),
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        ready = process.stdout.readline()
        by_vxi11 = ["lxi", "scpi", "--timeout", "5", "--address", address]
        scpi = [*by_vxi11, "--raw"]
        modbus = ["mbpoll", "-m", "tcp", "-p", "5020", "-t", "0", "-r", "1", "-o", "5"]
        questions = {
            "meter": [*scpi, "--port", "5025", "*IDN?"],
            "meter by VXI-11": [*by_vxi11, "*IDN?"],
            "load": [*scpi, "--port", "30000", "*IDN?"],
            "coils before": [*modbus, "-1", "-c", "4", address],
            "close K1": [*modbus, address, "1"],
            "coils after": [*modbus, "-1", "-c", "4", address],
        }
        answers = {
            name: subprocess.run(question, capture_output=True, text=True, timeout=TIMEOUT, check=False)
            for name, question in questions.items()
            if shutil.which(question[0])
        }
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=TIMEOUT)
    finally:
        process.kill()
        process.wait(timeout=5)
    helper = Helper(process.pid, 0, "", ("hil.vbench", "--address", address))
    busy = [endpoint for endpoint in helper.endpoints() if not is_free(endpoint)]
    return StandingBench(ready, answers, process.returncode, rest, busy)


# --- safety ----------------------------------------------------------------------------------------------------------


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
    busy = [endpoint for helper in helpers for endpoint in helper.endpoints() if not is_free(endpoint)]
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


@plan
def beyond_a_limit(folder: Path) -> Finished:
    """A rig that allows less energy than the load takes in three hours, which no step names."""
    project = Project.make(folder)
    file = project.folder / "rigs/virtual.yaml"
    file.write_text(re.sub(r"energy: \d.*", "energy: 5 Wh", file.read_text(), count=1))
    return project.run("run", "long.feature:2", "--node", PROVIDER, "--seed", SEED)


@plan
def hanging_meter(folder: Path) -> Finished:
    """A meter that falls silent in the middle of a session in real time."""
    project = Project.make(folder)
    file = project.folder / "rigs/realtime.yaml"
    alive = [b"2.30E+02,0.0E+00,0.0E+00,0.0E+00,%.2f\n" % (number / 10) for number in range(1, 41)]
    answers: list[Any] = alive + [SILENCE] * 100
    with ScriptedInstrument(load_transcript("hmc8015"), {"CHAN1:MEAS:DATA?": answers}) as meter:
        file.write_text(file.read_text().replace("'TCPIP::$LG_HIL_BENCH::5025::SOCKET'", f"'{meter.resource}'"))
        return project.run("run", "long.feature:2", "--rig", "rigs/realtime.yaml", "--node", PROVIDER)


@plan
def by_hand(folder: Path) -> list[Finished]:
    """``hil rig safe`` without and with a bench that stands, and a rig that must not give an acceptance."""
    project = Project.make(folder)
    bench = VirtualBenchProcess()
    try:
        alone = project.run("rig", "safe", "rigs/realtime.yaml")
        project.environment[ADDRESS_VARIABLE] = bench.address
        there = project.run("rig", "safe", "rigs/realtime.yaml")
    finally:
        bench.close()
    del project.environment[ADDRESS_VARIABLE]
    facts = "meter: {calibration: 'none: virtual'}"
    rig = project.rig("expired.yaml", (facts, "meter: {calibration: 'No. 7', due: 2001-01-01}"))
    return [alone, there, project.run("run", "features/toast.feature", "--rig", rig, "--acceptance")]


# --- a part of the bench fails ---------------------------------------------------------------------------------------

PLANS |= {
    lying_meters.plan_of(what): partial(lying_meters.run, what) for what in (*lying_meters.LIES, *lying_meters.COMMANDS)
}
PLANS |= {cell.plan: partial(fault_matrix.run, cell) for cell in (*fault_matrix.HEALTHY, *fault_matrix.CELLS)}


# --- the virtual bench itself fails ----------------------------------------------------------------------------------

SEEDED = """\
Feature: A bench of which a contactor fails
  Scenario: K1 is welded with a socket under test
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the first payment has been accepted
    And relay K1 welds shut, as a seeded fault
    And the session has ended
    Then at most 0.1 Wh flowed unpaid
  Scenario: K1 is welded with a cable under test
    Given the cable is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And relay K1 welds shut, as a seeded fault
    And 5 s have passed
    Then at most 0.1 Wh flowed unpaid
  Scenario: K2 is welded
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And relay K2 welds shut, as a seeded fault
    And the cable is pulled out of the socket
    Then the outlet was dead within 200 ms of the unplugging
  Scenario: K3 is welded
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And relay K3 welds shut, as a seeded fault
    And the supply of the socket fails for 5 s
    Then no power flowed
  Scenario: K1 ignores its coil
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And relay K1 ignores its coil, as a seeded fault
    And the mains ahead of the socket's contact are interrupted for 1 s
    Then no power flowed
  Scenario: The contact of the socket is welded
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the first payment has been accepted
    And the socket's own contact welds shut, as a seeded fault
    And 60 s have passed
    Then at most 0.1 Wh flowed unpaid
"""

MIRRORS = "    mirror_contacts: {K1: 0, K2: 1, K3: 2, K4: 3}\n"


def _seeded(project: Project, name: str, rig: str = "rigs/virtual.yaml") -> Finished:
    return project.run("run", f"seeded.feature::{name}", "--rig", rig, "--node", PROVIDER, "--seed", SEED)


@plan
def welded(folder: Path) -> list[Finished]:
    """A contactor that does not open any more; the next run, the clearing, and the run after that."""
    project = Project.make(folder)
    (project.folder / "seeded.feature").write_text(SEEDED)
    broken = _seeded(project, "K1 is welded with a socket under test")
    lock = (project.folder / "reports/locks/virtual.json").read_text()
    (project.folder / "lock.txt").write_text(lock)
    return [
        broken,
        project.run("run", FIRST_BOOT, "--node", PROVIDER, "--seed", SEED),
        project.run("rig", "clear", "rigs/virtual.yaml"),
        project.run("run", FIRST_BOOT, "--node", PROVIDER, "--seed", SEED),
    ]


@plan
def seeded(folder: Path) -> dict[str, Finished]:
    """Contactors and a contact that fail on a bench without mirror contacts."""
    outcomes = {}
    for part, name in {
        "K1": "K1 is welded with a cable under test",
        "K2": "K2 is welded",
        "K3": "K3 is welded",
        "deaf K1": "K1 ignores its coil",
        "socket": "The contact of the socket is welded",
    }.items():
        project = Project.make(folder / part.replace(" ", "-"))
        (project.folder / "seeded.feature").write_text(SEEDED)
        outcomes[part] = _seeded(project, name, project.rig("plain.yaml", (MIRRORS, "")))
    return outcomes
