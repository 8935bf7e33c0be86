"""The bench as a program and as a whole: processes, ports, time, determinism."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from hil.clock import stopwatch
from hil.errors import ExitCode
from hil.tests.vbench.bench_kit import PROGRAMS, Client, Harness, running
from hil.vbench.__main__ import main
from hil.vbench.instruments.deferred_meter import DeferredMeter
from hil.vbench.plant.instrument_errors import ALL_DRAWN, GivenErrors
from hil.vbench.plant.terminals import MeterSample
from hil.vbench.server import MAX_SCPI_LINE, STANDARD_PORTS

ANY_PORTS = [argument for name in STANDARD_PORTS for argument in ("--port", f"{name}=0")]
COMMAND = [sys.executable, "-m", "hil.vbench"]


@contextmanager
def program(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], Harness]]:
    """Run the bench as a program on free ports until the block ends."""
    command = [*COMMAND, *ANY_PORTS, "--programs", PROGRAMS, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert ready.pop("ready") is True
            with ExitStack() as stack:
                yield process, Harness(ready["address"], ready["ports"], stack)
        finally:
            process.kill()


def ended(process: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    """Return exit code, rest of stdout, and stderr of a program that is about to end."""
    assert process.stdout is not None
    assert process.stderr is not None
    return process.wait(10), process.stdout.read(), process.stderr.read()


def dialogue(harness: Harness) -> bytes:
    """Drive a bench with a device through a scenario; return every byte it answered."""
    control, link, meter = harness.client("control"), harness.client("socket-link"), harness.client("meter")
    said = b""

    def ask(client: Client, text: str) -> None:
        nonlocal said
        client.send(text.encode() + b"\n")
        said += client.line()

    profile = {"close_after": 0.5, "boot text": "boot", "boot lines": 3}
    ask(control, json.dumps({"op": "reset", "seed": "same", "devices": {"socket": profile}}))
    ask(control, '{"op":"plug","appliance":"toaster"}')
    for name in ("K1", "K2", "K3"):
        harness.switch(name, closed=True)
    meter.send(b"CHAN1:MEAS:FUNC URMS,IRMS,P\n")
    written = 0
    for step in range(1, 101):
        if step % 20 == 0:
            request = (b"energy", b"random")[step // 20 % 2]
            link.send(request)
            written += len(request)
        until, now = step / 10, -1.0
        while now < until:
            before = len(said)
            ask(control, json.dumps({"op": "advance", "until": until, "received": {"socket-link": written}}))
            now = json.loads(said[before:])["now"]
        ask(meter, "CHAN1:MEAS:DATA?")
    ask(control, '{"op":"truth"}')
    said += link.read(json.loads(said.splitlines()[-3])["sent"]["socket-link"])
    for client in (control, link, meter):
        client.close()
    return said


def test_the_same_seed_and_requests_give_the_same_answers_byte_for_byte_in_any_process() -> None:
    with program() as (_, first):
        once, again = dialogue(first), dialogue(first)
    with program() as (_, second):
        elsewhere = dialogue(second)
    assert once == again == elsewhere
    assert json.loads(once.splitlines()[-2])["energy_wh"] > 3


def test_without_a_controller_time_follows_the_wall_clock() -> None:
    with running() as harness:
        control = harness.client("control")
        link = harness.client("socket-link")
        harness.switch("K1", closed=True)
        elapsed = stopwatch()
        start = control.ask(op="truth")["now"]
        while (truth := control.ask(op="truth"))["now"] < start + 0.2:
            assert elapsed() < 10, truth
        assert truth["now"] - start <= elapsed() + 1.0
        assert truth["contacts"]["K1"]["closed"]
        control.ask(op="reset", seed="s", devices={"socket": {}})
        harness.switch("K3", closed=True)
        control.ask(op="advance", until=1.0)
        control.close()
        link.send(b"hello")
        assert link.read(5) == b"hello"


def test_a_standing_bench_lives_on_when_a_device_program_raises() -> None:
    with program() as (process, harness):
        control, link = harness.client("control"), harness.client("socket-link")
        control.ask(op="reset", seed="s", devices={"socket": {}})
        harness.switch("K3", closed=True)
        control.ask(op="advance", until=1.0)
        control.close()
        link.send(b"die")
        assert process.stderr is not None
        assert process.stderr.readline().startswith(b"hil vbench: socket: LookupError: no such thing")
        assert "error" not in harness.client("control").ask(op="truth")


def test_a_busy_port_is_one_sentence_with_place_and_remedy_and_a_rig_fault(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        port = squatter.getsockname()[1]
        assert main([*ANY_PORTS, "--port", f"meter={port}"]) == ExitCode.RIG_FAULT
    assert capsys.readouterr() == (
        "",
        f"hil vbench: 127.0.0.1:{port}: the port of 'meter' is taken by another program. End that one, or choose "
        f"another address (--address 127.0.0.2) or port (--port meter=…)\n",
    )


def test_two_benches_share_the_ports_on_two_addresses_but_not_on_one() -> None:
    with program("--address", "127.83.1.1") as (_, first):
        ports = [argument for name, port in first.ports.items() for argument in ("--port", f"{name}={port}")]
        second = subprocess.Popen(
            [*COMMAND, *ports, "--address", "127.83.1.2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        with second:
            assert second.stdout is not None
            assert json.loads(second.stdout.readline())["ports"] == first.ports
            assert main([*ports, "--address", "127.83.1.2"]) == ExitCode.RIG_FAULT
            second.terminate()
            assert ended(second) == (0, b"", b"")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--address", "192.0.2.1"], "'192.0.2.1' is not a loopback address"),
        (["--address", "localhost"], "'localhost' is not a loopback address"),
        (["--port", "meteer=1"], "Did you mean 'meter'"),
        (["--port", "meter=http"], "'http' is not a number"),
        (["--port", "meter=70000"], "'70000' is not a number from 0 to 65535"),
        (["--config", "no-such-file.json"], "no-such-file.json: cannot be read"),
    ],
)
def test_wrong_options_are_refused_in_one_sentence(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*ANY_PORTS, *arguments]) == ExitCode.AUTHOR_ERROR
    complained = capsys.readouterr().err
    assert complaint in complained
    assert complained.count("\n") == 1


def test_a_configuration_file_sets_ports_and_the_first_world(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bench.json"
    path.write_text('{"address": "127.83.1.3", "world": {"plant": {"mains_voltage": 110}, "devices": {"socket": {}}}}')
    with program("--config", str(path)) as (_, harness):
        assert harness.address == "127.83.1.3"
        harness.switch("K1", closed=True)
        assert harness.client("control").ask(op="truth")["voltage"] == 0.0
    path.write_text('{"port": 1}')
    assert main(["--config", str(path)]) == ExitCode.AUTHOR_ERROR
    assert "must be an object of address, ports, meter, load and world" in capsys.readouterr().err


def test_the_bench_dies_with_its_parent_and_frees_its_ports() -> None:
    with program("--with-parent") as (process, harness):
        control = harness.client("control")
        control.ask(op="reset", seed="s")
        assert process.stdin is not None
        process.stdin.close()
        assert ended(process) == (0, b"", b"")
        with pytest.raises(ConnectionRefusedError):
            harness.client("control")


def test_the_bench_dies_with_its_parent_even_inside_a_long_advance() -> None:
    with program("--with-parent") as (process, harness):
        control = harness.client("control")
        control.ask(op="reset", seed="s", plant={"meter_period": 1e-6})
        control.send(b'{"op":"advance","until":80000}\n')
        assert process.stdin is not None
        process.stdin.close()
        assert ended(process) == (0, b"", b"")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_bench_quietly(number: int) -> None:
    with program() as (process, harness):
        clients = [harness.client(name) for name in harness.ports]
        clients[0].send(b"*IDN?\n")
        os.kill(process.pid, number)
        assert ended(process) == (0, b"", b"")


def test_an_instrument_serves_many_clients_lf_and_crlf_and_pieces_of_lines() -> None:
    with running() as harness:
        first, second = harness.client("meter"), harness.client("meter")
        first.send(b"a\nquiet\r\nb\r\nc")
        assert (first.line(), first.line()) == (b"a\n", b"b\n")
        second.send(b"d\n")
        assert second.line() == b"d\n"
        first.send(b"c\n")
        assert first.line() == b"cc\n"
        first.send(b"\xff\xfe\n")
        assert first.line() == b"??\n"


def is_cut_off(client: Client, data: bytes) -> bool:
    try:
        client.send(data)
        return client.line() == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_scpi_line_without_end_costs_the_client_its_connection_only(end: bytes) -> None:
    with running() as harness:
        greedy, other = harness.client("load"), harness.client("load")
        greedy.send(b"x" * MAX_SCPI_LINE + b"\n")
        assert len(greedy.line()) == MAX_SCPI_LINE + 1
        assert is_cut_off(greedy, b"x" * (MAX_SCPI_LINE + 1) + end)
        other.send(b"still here\n")
        assert other.line() == b"still here\n"


def test_a_client_that_does_not_read_is_held_back_and_the_others_go_on() -> None:
    with running() as harness:
        deaf, other = harness.client("meter"), harness.client("meter")
        deaf.connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            deaf.send((b"x" * 1000 + b"\n") * 50_000)
        other.send(b"fine\n")
        assert other.line() == b"fine\n"


def identify_by_socket(address: str, port: int) -> str:
    with socket.create_connection((address, port), timeout=10) as connection, connection.makefile("rwb") as file:
        file.write(b"*IDN?\r\n")
        file.flush()
        return file.readline().decode()


def identify_by_lxi(address: str, port: int) -> str:
    command = ["lxi", "scpi", "--raw", "-a", address, "-p", str(port), "*IDN?"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


SCPI_CLIENTS = [identify_by_socket, *([identify_by_lxi] if shutil.which("lxi") else [])]


@pytest.mark.parametrize("identify", SCPI_CLIENTS)
def test_a_person_s_scpi_client_meets_the_instruments(identify: Callable[[str, int], str]) -> None:
    with program() as (_, harness):
        assert ",HMC8015," in identify(harness.address, harness.ports["meter"])
        assert ",IT8615," in identify(harness.address, harness.ports["load"])


def test_a_late_meter_has_taken_every_sample_before_anything_is_asked_and_forms_only_the_reading_that_can_be() -> None:
    taken: list[object] = []
    formed: list[int] = []

    class Meter:
        def update(self, sample: MeterSample) -> None:
            taken.append(sample)

        def form(self) -> None:
            formed.append(len(taken))

        def execute(self, line: str) -> str:
            return f"{line} {len(taken)}"

        def power_on(self, seed: str, given: GivenErrors = ALL_DRAWN) -> None:
            taken.clear()

    meter = DeferredMeter(Meter(), lambda: 1.0)
    for number in range(3):
        meter.update(MeterSample(number / 10, 0.1, 230.0, 1.0, 230.0, 50.0))
    assert taken == []
    assert meter.execute("READ?") == "READ? 3"
    assert formed == [3]
    meter.update(MeterSample(0.3, 0.1, 230.0, 1.0, 230.0, 50.0))
    meter.power_on("again")
    meter.catch_up()
    assert taken == []
