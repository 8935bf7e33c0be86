from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hil.chain.views.factory import view_named
from hil.chain.views.servers import ELECTRUM, LedgerServer
from hil.devices.host.command import DeviceOptions, run_device
from hil.devices.host.files import LEDGER_VARIABLE, VIEW_VARIABLE, read_ledger, read_profile
from hil.devices.storage.account_store import AccountStore
from hil.devices.storage.file_storage import FileStorage
from hil.errors import ConfigurationError, RigFault
from hil.tests.devices.pty_kit import answering, pty
from hil.vbench.devices.processes import environment_of
from hil.vbench.devices.pzem004t import PzemValues, VirtualPzem
from hil.vbench.devices.socket_ledger import LedgerAccess

ACCOUNT = "5a" * 16
IDLE = PzemValues(230.0, 0.0, 0.0, 12.5, 50.0)


def private(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


# --- profiles ------------------------------------------------------------------------------------------------------


def test_every_mistake_of_a_profile_is_told_with_its_place_and_without_its_value(tmp_path: Path) -> None:
    path = private(tmp_path / "socket.yaml", "account: secret-and-wrong\ntarif_sat_per_wh: 7\nboot:\n  - {name: a}\n")
    with pytest.raises(ConfigurationError) as caught:
        read_profile("socket", path)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(f"{path}:1:1: account: ")
    assert any(
        line.startswith(f"{path}:2:1: tarif_sat_per_wh: 'tarif_sat_per_wh' is not known; known: account")
        for line in lines
    )
    assert any("Did you mean 'tariff_sat_per_wh'?" in line for line in lines)
    assert any(line.startswith(f"{path}:4:5: boot.0.seconds: ") for line in lines)
    assert "secret-and-wrong" not in str(caught.value)


def test_a_profile_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cable.yaml"
    path.write_text("max_payments: 3\n")
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match=r"others may read it\. chmod 600"):
        read_profile("cable", str(path))


def test_a_profile_comes_from_standard_input_and_may_leave_the_account_to_the_storage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("max_payments: 3\nboot: [{name: a, seconds: 0.5}]\n"))
    profile = read_profile("cable", "-")
    assert profile == {"max_payments": 3, "boot": [{"name": "a", "seconds": 0.5}]}
    assert type(profile["boot"][0]["seconds"]) is float  # type: ignore[index]


def test_what_is_no_yaml_is_told_with_its_place(tmp_path: Path) -> None:
    path = private(tmp_path / "cable.yaml", "boot: [\n")
    with pytest.raises(ConfigurationError, match=r"cable.yaml:2:1: this is no YAML"):
        read_profile("cable", path)


# --- the ledger ----------------------------------------------------------------------------------------------------


def test_the_ledger_is_a_url_in_a_private_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(LEDGER_VARIABLE, raising=False)
    assert read_ledger(None) is None
    endpoint = read_ledger(private(tmp_path / "ledger", "http://user:p%2Fw@127.0.0.1:18443\n"))
    assert endpoint is not None
    assert (endpoint.host, endpoint.port, endpoint.user, endpoint.password) == ("127.0.0.1", 18443, "user", "p/w")
    monkeypatch.setenv(LEDGER_VARIABLE, "http://other:pw@localhost:18443")
    endpoint = read_ledger(None)
    assert endpoint is not None
    assert endpoint.user == "other"
    assert LEDGER_VARIABLE not in os.environ


@pytest.mark.parametrize("text", ["", "http://127.0.0.1:1", "http://u:sesame@h", "ftp://u:sesame@127.0.0.1:1", "[::"])
def test_a_ledger_that_is_no_url_with_a_password_is_refused_unquoted(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="must be one URL") as caught:
        read_ledger(private(tmp_path / "ledger", text))
    assert "sesame" not in str(caught.value)


def test_a_password_does_not_go_to_another_machine_in_clear(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="another machine"):
        read_ledger(private(tmp_path / "ledger", "http://u:sesame@192.0.2.1:18443"))


@pytest.mark.parametrize("text", ["http://u:sesame@127.0.0.1:1", "tcp://127.0.0.1", "tcp://u:sesame@127.0.0.1:1"])
def test_a_view_that_asks_an_electrum_server_wants_its_address_and_no_password(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="must be one URL, tcp://HOST:PORT") as caught:
        read_ledger(private(tmp_path / "ledger", text), ELECTRUM)
    assert "sesame" not in str(caught.value)


def test_questions_to_an_electrum_server_do_not_go_to_another_machine_in_clear(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="another machine, and every question would go there in clear"):
        read_ledger(private(tmp_path / "ledger", "tcp://192.0.2.1:50001"), ELECTRUM)


@pytest.mark.parametrize(
    ("view", "server"),
    [
        ("node", LedgerServer("127.0.0.1", 18443, "user", "p/w:@")),
        ("spv", LedgerServer("127.0.0.1", 50001)),
    ],
)
def test_a_bench_tells_a_program_its_view_of_the_ledger_as_the_program_reads_it(
    view: str, server: LedgerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in environment_of(LedgerAccess(view, server)).items():
        monkeypatch.setenv(name, text)
    assert os.environ[VIEW_VARIABLE] == view
    assert read_ledger(None, view_named(view).asks) == server


# --- the command line ----------------------------------------------------------------------------------------------


@pytest.fixture
def options(tmp_path: Path) -> DeviceOptions:
    return DeviceOptions(
        role="socket",
        link=str(tmp_path / "no-link"),
        console="-",
        relay="modbus:127.0.0.1:5020/4",
        meter="pzem:/dev/no-meter",
        storage=str(tmp_path / "storage"),
        profile=private(tmp_path / "profile.yaml", f"account: {ACCOUNT}\n"),
        ledger=private(tmp_path / "ledger", "http://user:pw@127.0.0.1:18443"),
    )


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("relay", "gpoi:17", "--relay: 'gpoi' is not a kind; known: gpio, modbus. Did you mean 'gpio'?"),
        ("relay", "gpio:99", "a Raspberry Pi has the pins 0 to 27"),
        ("relay", "modbus:127.0.0.1", "does not have the form modbus:HOST:PORT/COIL"),
        ("relay", "modbus:127.0.0.1:99999/1", "ports are 1 to 65535"),
        ("meter", "pzm:/dev/ttyS0", "--meter: 'pzm' is not a kind; known: pzem, pzem+tcp. Did you mean 'pzem'?"),
        ("meter", "pzem:ttyS0", "does not have the form pzem:/PATH"),
        ("meter", "pzem+tcp://127.0.0.1:502/0", "units 1 to 248"),
        ("ledger", None, "--ledger: a socket needs a server for its view of the ledger ('node': http://USER:PASSWORD@"),
        ("ledger_view", "svp", "--ledger-view: 'svp' is not a view of the ledger; known: api, node, spv. Did you mean"),
        ("ledger_view", "spv", "must be one URL, tcp://HOST:PORT"),
    ],
)
def test_a_wrong_option_is_told_before_anything_is_opened(
    options: DeviceOptions, name: str, text: str | None, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(LEDGER_VARIABLE, raising=False)
    changed = {name: text}
    with pytest.raises(ConfigurationError) as caught:
        run_device(replace(options, **changed))  # type: ignore[arg-type]
    assert told in str(caught.value)
    assert not Path(options.storage).exists()


def test_a_link_that_is_not_there_is_a_rig_fault(options: DeviceOptions) -> None:
    with pytest.raises(RigFault, match=r"link .*no-link: cannot be opened"):
        run_device(replace(options, role="cable", relay=None, ledger=None))


def test_a_cable_runs_as_a_command_with_the_account_of_its_storage(tmp_path: Path) -> None:
    """First start, SIGTERM, second start: the account that the first start made stays."""
    profile = private(tmp_path / "cable.yaml", "boot: [{name: application, seconds: 0}]\n")
    storage = tmp_path / "storage"
    prints = []
    for _ in range(2):
        with pty() as link, answering(VirtualPzem(lambda: IDLE).answer) as meter:
            arguments = ["--link", link.path, "--meter", f"pzem:{meter}", "--storage", str(storage)]
            process = subprocess.Popen(
                [sys.executable, "-m", "hil.cli.main", "device", "cable", *arguments, "--profile", profile],
                stdout=subprocess.PIPE,
            )
            try:
                assert len(link.read(20)) >= 20  # HELLO
                process.send_signal(signal.SIGTERM)
                said, _ = process.communicate(timeout=10)
            finally:
                process.kill()
                process.wait()
            events = [json.loads(line)["event"] for line in said.splitlines()]
            assert process.returncode == 0
            assert events[0] == "start"
            assert "ready" in events
            assert events[-1] == "end"
        with FileStorage(storage) as records:
            prints.append(AccountStore(records).fingerprint())
    assert prints[0] == prints[1]


def test_a_wrong_command_line_ends_with_the_code_of_an_author_error(tmp_path: Path) -> None:
    arguments = ["--link", "x", "--meter", "pzm:x", "--storage", str(tmp_path / "s"), "--profile", str(tmp_path / "p")]
    done = subprocess.run(
        [sys.executable, "-m", "hil.cli.main", "device", "cable", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 4
    assert "cannot be read" in done.stderr
