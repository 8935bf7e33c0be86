"""A device's program in a process of its own: its life, its questions to the ledger, and the ways in which it fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from hil.clock import stopwatch
from hil.devices.board import Board
from hil.devices.lockstep import answering_process
from hil.devices.lockstep.command import DeviceCommand
from hil.devices.lockstep.program import LockstepProgram
from hil.errors import DeviceFailed, RigFault
from hil.ports import Acceptance, CoinStatus
from hil.protocol.payment.coins import OutPoint
from hil.tests.vbench.bench_kit import plain_bench
from hil.units import Satoshi
from hil.vbench.devices.own_meter import DeviceMeter
from hil.vbench.devices.storage import DeviceStorage
from hil.vbench.model_request import ModelRequest

K3 = 2

IN_SH = """
while read -r at time voltage current power energy contact plug event rest; do
  case $at in storage) cd "$time"; continue ;; at) ;; *) continue ;; esac
"""

ECHO = f"""{IN_SH}
  case $event in
    power-on) echo "identity echo 1.0"; echo "console $(cat told 2>/dev/null || echo first)"; echo again >told ;;
    link) echo "link $rest"; echo "contact closed" ;;
    plug) echo "console plug is $plug" ;;
    time) echo "console it is $time, contact $contact, $voltage mV $energy uWh" ;;
    ledger) echo "console ledger says $rest" ;;
  esac
  [ "$event" = power-on ] && echo "until 3000000" || echo "until never"
done
"""

SLEEPS = f"{IN_SH} echo 'until never'; done"


@dataclass
class Output:
    said: list[bytes] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        self.said.append(data)


@dataclass
class Coil:
    told: list[bool] = field(default_factory=list)

    def set(self, *, closed: bool) -> None:
        self.told.append(closed)


class Ledger:
    """Knows one coin, takes one transaction, and falls silent when it is told."""

    silent = False

    def ready(self) -> bool:
        if self.silent:
            raise RigFault("it gave no\nanswer")
        return True

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        return CoinStatus(Satoshi(5), b"\x00\x14", 3) if outpoint == OutPoint("0f" * 32, 1) else None

    def accepts(self, transaction: bytes) -> Acceptance:
        if transaction == b"\x00":
            raise ValueError("not a transaction: too short")
        return Acceptance(transaction == b"\x01", "" if transaction == b"\x01" else "missing-inputs")

    broadcast = accepts

    def conflict(self, transaction: bytes) -> str | None:
        return "ab" * 32 if transaction == b"\x02" else None


@dataclass
class Device:
    """A program with a board that remembers what it did."""

    program: LockstepProgram
    link: Output
    console: Output
    coil: Coil
    ledger: Ledger
    identities: list[str]

    @property
    def lines(self) -> list[str]:
        return b"".join(self.console.said).decode().splitlines()


Maker = Callable[..., Device]


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Maker]:
    """Makes devices whose program is in ``sh``, and kills them when the test is over."""
    devices: list[Device] = []

    def make(
        program: str,
        *,
        role: str = "socket",
        late_s: float = 0.0,
        contacts: bool = True,
        present: Callable[[], float] | None = None,
        **profile: object,
    ) -> Device:
        plant = plain_bench().model.plant
        identities: list[str] = []
        link, console, coil, ledger = Output(), Output(), Coil(), Ledger()
        board = Board(
            link=link,
            console=console,
            contact=coil,
            meter=(meter := DeviceMeter(plant, 0.0, ahead_of_contact=True)),
            storage=DeviceStorage(),
            ledger=ledger if role == "socket" else None,
            entropy=lambda count: bytes(count),
            ledger_late_s=lambda: late_s,
            contact_position=lambda: False if role == "socket" and contacts else None,
            identify=identities.append,
        )
        command = DeviceCommand(("sh", "-c", program), Path.cwd())
        built = LockstepProgram(
            role,
            profile,
            board,
            command=command,
            meter=meter,
            plugged=lambda: True if role == "socket" and contacts else None,
            storage=tmp_path,
            present=present,
        )
        devices.append(Device(built, link, console, coil, ledger, identities))
        return devices[-1]

    yield make
    for each in devices:
        each.program.power_off(0.0)


def test_what_it_answers_is_carried_out_in_its_order(device: Maker) -> None:
    echo = device(ECHO)
    echo.program.power_on(1.0)
    assert (echo.identities, echo.lines, echo.program.next_deadline()) == (["echo 1.0"], ["first"], 3.0)
    echo.program.on_link_bytes(b"\x00\xff", 2.0)
    assert (echo.link.said, echo.coil.told) == ([b"\x00\xff"], [True])
    echo.program.on_plug(False, 2.5)
    assert echo.lines[-1] == "plug is out"


def test_it_is_told_the_time_in_microseconds_and_the_state_of_its_board(device: Maker) -> None:
    echo = device(ECHO)
    echo.program.power_on(1.0)
    echo.program.on_time(2.9)
    assert echo.lines == ["first"]  # its instant has not come
    echo.program.on_time(3.0)
    assert echo.lines[-1] == "it is 3000000, contact open, 0 mV 0 uWh"
    assert echo.program.next_deadline() is None


def test_a_board_without_auxiliary_and_plug_contact_tells_what_its_coil_was_told_and_a_cable_that_is_in(
    device: Maker,
) -> None:
    telling = ECHO.replace("plug) echo", "plug) : ;; x) echo").replace(
        "contact $contact,", "contact $contact, plug $plug,"
    )
    bare = device(telling, contacts=False)
    bare.program.power_on(1.0)
    bare.program.on_time(3.0)
    assert bare.lines[-1].startswith("it is 3000000, contact open, plug in,")
    bare.program.on_link_bytes(b"\x01", 3.0)
    bare.program._wake = 4_000_000
    bare.program.on_time(4.0)
    assert bare.lines[-1].startswith("it is 4000000, contact closed, plug in,")


def test_on_the_wall_clock_its_time_begins_when_it_has_answered_for_the_first_time(device: Maker) -> None:
    slow = device(ECHO, present=iter([2.5]).__next__)
    slow.program.power_on(1.0)  # it answered 1.5 s later, and wants to be woken 2 s after its power-on
    assert slow.program.next_deadline() == 4.5
    slow.program.on_time(4.4)
    assert slow.lines == ["first"]
    slow.program.on_time(4.5)
    assert slow.lines[-1].startswith("it is 3000000,")


def test_a_power_cut_kills_it_and_its_storage_is_there_afterwards(device: Maker) -> None:
    echo = device(ECHO)
    for _ in range(2):
        echo.program.power_on(1.0)
        process = echo.program._process
        assert process is not None
        echo.program.power_off(2.0)
        assert process._process.returncode == -9
    assert echo.lines == ["first", "again"]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("ready", "yes"),
        (f"coin {'0f' * 32} 1", "5 0014 3"),
        (f"coin {'0f' * 32} 2", "none"),
        ("accepts 01", "yes"),
        ("accepts 02", "no missing-inputs"),
        ("broadcast 01", "yes"),
        ("conflict 02", "ab" * 32),
        ("conflict 01", "none"),
    ],
)
def test_the_ledger_answers_in_an_event_of_its_own(device: Maker, question: str, answer: str) -> None:
    asking = device(ECHO.replace('echo "console $(cat', f'echo "ask 7 {question}"; echo "console $(cat'), late_s=0.25)
    asking.program.power_on(1.0)
    assert asking.program.next_deadline() == 1.25
    asking.program.on_time(1.25)
    assert asking.lines[-1] == f"ledger says 7 {answer}"


def test_a_ledger_that_is_silent_is_told_as_such(device: Maker) -> None:
    asking = device(ECHO.replace('echo "console $(cat', 'echo "ask 7 ready"; echo "console $(cat'))
    asking.ledger.silent = True
    asking.program.power_on(1.0)
    asking.program.on_time(1.0)
    assert asking.lines[-1] == "ledger says 7 silent it gave no answer"


@pytest.mark.parametrize(
    ("program", "role", "told"),
    [
        (
            "echo some words >&2; exit 3",
            "socket",
            "ended with code 3, when it was told 'power-on'; .*some words",
        ),
        ("kill -SEGV $$", "socket", "its program was ended by signal 11"),
        ("exec no-such-program", "socket", "its program ended with code 127.*not found"),
        ("exec >&-; cat >/dev/null", "socket", "its program closed its standard output"),
        (f"{IN_SH} echo 'contract open'; done", "socket", "with a line that is not allowed: 'contract' begins no line"),
        (f"{IN_SH} printf '\\377\\n'; done", "socket", r"wrote a line that is no UTF-8: b'\\xff'"),
        (f"{IN_SH} echo 'contact closed'; done", "cable", "this board has no contact"),
        (f"{IN_SH} echo 'ask 1 ready'; done", "cable", "this board has no ledger"),
        (f"{IN_SH} echo 'ask 1 ready'; echo 'ask 1 ready'; done", "socket", "question 1 is still open"),
        (f"{IN_SH} echo 'ask 1 accepts 00'; done", "socket", "not a transaction"),
        (f"{IN_SH} yes console; done", "socket", "gave an answer of more than 1048576 bytes"),
        (f"{IN_SH} tr '\\0' x </dev/zero; done", "socket", "gave an answer of more than 1048576 bytes"),
    ],
)
def test_whatever_it_does_wrong_is_its_own_failure(device: Maker, program: str, role: str, told: str) -> None:
    failing = device(program, role=role)
    with pytest.raises(DeviceFailed) as caught:
        failing.program.power_on(1.0)
    assert (caught.value.role, bool(re.search(told, caught.value.what))) == (role, True), caught.value
    assert failing.program._process is None


def test_one_that_hangs_is_killed_after_its_deadline(device: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering_process, "ANSWER_S", 0.3)
    hanging = device(f"{IN_SH} [ $event = link ] && exec sleep 60; echo 'until never'; done")
    hanging.program.power_on(1.0)
    with pytest.raises(DeviceFailed, match=r"did not end its answer within 0\.3 s, when it was told 'link'"):
        hanging.program.on_link_bytes(b"\x01", 2.0)
    assert hanging.program._process is None


@pytest.mark.parametrize("answer_s", [5.0, 0.05])
def test_one_that_a_signal_has_stopped_is_told_so_and_not_awaited_to_the_end(
    device: Maker, monkeypatch: pytest.MonkeyPatch, answer_s: float
) -> None:
    monkeypatch.setattr(answering_process, "ANSWER_S", answer_s)
    monkeypatch.setattr(answering_process, "LOOK_S", 0.1)
    stopped = device(f"{IN_SH} [ $event = link ] && sh -c 'kill -STOP $$'; echo 'until never'; done")
    stopped.program.power_on(1.0)
    elapsed = stopwatch()
    with pytest.raises(DeviceFailed, match=r"was stopped by a signal \(state T\) and did not end its answer, when it"):
        stopped.program.on_link_bytes(b"\x01", 2.0)
    assert elapsed() < 4.0
    assert stopped.program._process is None


def test_one_that_does_not_read_is_killed_after_its_deadline(device: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering_process, "ANSWER_S", 0.3)
    deaf = device("exec sleep 60", filler="x" * 200_000)
    with pytest.raises(DeviceFailed, match=r"did not read what it was told within 0\.3 s"):
        deaf.program.power_on(1.0)


def test_one_that_goes_on_after_the_end_of_its_answer_has_failed(device: Maker) -> None:
    babbling = device(f"{IN_SH} printf 'until never\\nconsole more\\n'; done")
    babbling.program.power_on(1.0)
    with pytest.raises(DeviceFailed, match="went on after the end of its answer: b'console more"):
        babbling.program.on_link_bytes(b"\x01", 2.0)


def test_a_process_that_this_machine_cannot_start_is_the_benchs_failure_and_no_devices() -> None:
    bench = plain_bench()
    nowhere = DeviceCommand(("sh",), Path("/no/such/folder"))
    bench.reset(ModelRequest("s", devices={"socket": {}}, programs={"socket": nowhere}))
    bench.model.plant.relays[K3].set(closed=True)
    bench.advance(1.0, {})
    ((who, what),) = bench.take_faults()
    assert who == "bench"
    assert what.startswith("FileNotFoundError: [Errno 2] No such file or directory")
    assert bench.advance(2.0, {}) == 0
    assert bench.now() == 2.0
    bench.close()
    bench.abandon()


def test_a_program_that_fails_while_the_disk_of_its_storage_is_full_proves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hil.vbench.devices.blame.shutil.disk_usage", lambda folder: SimpleNamespace(free=4096))
    bench = plain_bench()
    failing = DeviceCommand(("sh", "-c", "exit 9"), Path.cwd())
    bench.reset(ModelRequest("s", devices={"socket": {}}, programs={"socket": failing}))
    bench.model.plant.relays[K3].set(closed=True)
    bench.advance(1.0, {})
    ((who, what),) = bench.take_faults()
    assert who == "bench"
    assert what.startswith(
        "the disk of the socket's storage is full (4096 bytes are free), and its program ended with code 9"
    )
    bench.close()
    bench.abandon()


def test_one_that_asks_to_be_woken_for_ever_at_one_instant_is_stopped_and_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hil.vbench.devices.host.LIVELOCK", 50)
    bench = plain_bench()
    stuck = DeviceCommand(("sh", "-c", f"{IN_SH} echo 'until 0'; done"), Path.cwd())
    bench.reset(ModelRequest("s", devices={"socket": {}}, programs={"socket": stuck}))
    bench.model.plant.relays[K3].set(closed=True)
    bench.advance(1.0, {})
    ((who, what),) = bench.take_faults()
    assert who == "socket"
    assert "livelock" in what
    program = bench.model.hosts["socket"]._program
    assert isinstance(program, LockstepProgram)
    assert program._process is None
    bench.close()
    bench.abandon()


def test_a_reset_ends_the_program_and_removes_its_storage() -> None:
    bench = plain_bench()
    sleeping = DeviceCommand(("sh", "-c", SLEEPS), Path.cwd())
    bench.reset(ModelRequest("s", devices={"cable": {}}, programs={"cable": sleeping}))
    bench.model.plant.relays[3].set(closed=True)
    bench.advance(1.0, {})
    program = bench.model.hosts["cable"]._program
    assert isinstance(program, LockstepProgram)
    storage, running = program._storage, program._process
    assert storage.parent.is_dir()
    assert running is not None
    bench.reset(ModelRequest("s"))
    assert program._process is None
    assert not storage.parent.exists()
    bench.abandon()
