"""A rig file looked through at the desk, without a bench: everything that is wrong, each with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.bdd.check.rig_file import read_rig
from hil.cli.main import main
from hil.protocol.payment.account import Account
from hil.tests.bdd.check.desk import ROOT, SOUND, feature, steps, with_step

TEXT = (ROOT / "rigs/virtual.yaml").read_text(encoding="utf-8")
SOCKET = "serial: virtual-socket\n        profile: {}"
CABLE = "serial: virtual-cable\n        profile: {}"
K2 = "{name: K2, host: !template '$LG_HIL_BENCH:5020', coil: 1}"
LINE = "{name: cable-link, host: !template '$LG_HIL_BENCH', port: 7002, protocol: raw}"
METER = "'TCPIP::$LG_HIL_BENCH::5025::SOCKET'"

WRONG = {
    "view of the ledger": (
        "ledger: node",
        "ledger: spw",
        "ledger: spw",
        "'spw' is not a view of the ledger; known: api, node, spv. Did you mean 'spv'? hil plugins lists all",
    ),
    "views of the ledger": ("[node, spv, api]", "[node, full]", "full", "'full' is not a view of the ledger; known:"),
    "plant": ("plant: {}", "plant: {mains_voltge: 230}", "mains_voltge", "'mains_voltge' is not a parameter; known:"),
    "plant value": ("plant: {}", "plant: {mains_voltage: -1}", "mains_voltage", "-1 is outside 1 to 1000"),
    "profile": (SOCKET, SOCKET.replace("{}", "{boot_dely_s: 5}"), "boot_dely_s", "Did you mean 'boot_delay_s'?"),
    "profile value": (CABLE, CABLE.replace("{}", "{max_payments: 0}"), "max_payments", "greater than or equal to 1"),
    "defect": (
        SOCKET,
        SOCKET.replace("{}", "{defects: [ignores-conflict]}"),
        "ignores-conflict]",
        "'ignores-conflict' is not known; known: abandons-the-unplugged, ",
    ),
    "defect of a cable": (
        CABLE,
        CABLE.replace("{}", "{defects: [ignores-conflicts]}"),
        "ignores-conflicts]",
        "'ignores-conflicts' is not known; known: declares-one-change, signs-anything, ",
    ),
    "VISA port": (METER, METER.replace("5025", "99999"), "resource: !t", "port 99999 is none of TCP: 1 to 65535"),
    "VISA port 0": (METER, METER.replace("5025", "0"), "resource: !t", "port 0 is none of TCP"),
    "VISA ending": (METER, METER.replace("::SOCKET", ""), "resource: !t", "does not end with ::INSTR or ::SOCKET"),
    "VISA misspelt": (METER, METER.replace("SOCKET", "SOKET"), "resource: !t", "Did you mean '::SOCKET'?"),
    "VISA without a host": (METER, "'TCPIP::::5025::SOCKET'", "resource: !t", "has nothing between two '::'"),
    "VISA of no kind": (METER, "'TCPPI::h::5025::SOCKET'", "resource: !t", "is no VISA resource; written like"),
    "VISA address": (METER, "'TCPIP::192.0.2.256::5025::SOCKET'", "resource: !t", "'192.0.2.256' is no IPv4 address"),
    "one coil for two relays": (
        K2,
        K2.replace("coil: 1", "coil: 0"),
        "ModbusTCPCoil: {name: K2",
        "'K2' and 'K1' are both",
    ),
    "one coil for two relays, in two spellings": (
        K2,
        K2.replace("$LG_HIL_BENCH", "$lg_hil_bench").replace("coil: 1", "coil: 0"),
        "ModbusTCPCoil: {name: K2",
        "'K2' and 'K1' are both",
    ),
    "one VISA resource for two instruments, in two spellings": (
        "'TCPIP::$LG_HIL_BENCH::30000::SOCKET'",
        "'tcpip0::$LG_HIL_BENCH::5025::SOCKET'",
        "VisaInstrument:\n          name: load",
        "'load' and 'meter' are both",
    ),
    "a coil below zero": (K2, K2.replace("coil: 1", "coil: -1"), "coil: -1", "coil -1 is none of Modbus: 0 to 65535"),
    "no coil": (K2, K2.replace(", coil: 1", ""), "ModbusTCPCoil: {name: K2", "the ModbusTCPCoil 'K2' has no 'coil'"),
    "a misspelt argument": (K2, K2.replace("coil: 1", "coil: 1, inverted: true"), "inverted", "Did you mean 'invert'?"),
    "one line twice": (
        LINE,
        LINE.replace("7002", "7001"),
        "NetworkSerialPort: {name: cable-l",
        "are both NetworkSerialP",
    ),
    "a line's port": (LINE, LINE.replace("7002", "70020"), "port: 70020", "port 70020 is none of TCP"),
    "a line's protocol": (
        LINE,
        LINE.replace("raw", "rwa"),
        "protocol: rwa",
        "'rwa' is no protocol of a line; known: raw",
    ),
    "one meter for a load": (
        "{name: load, bindings: {instrument: load}}",
        "{name: load, bindings: {instrument: meter}}",
        "instrument: meter}}\n      - ModbusCoilDriver: {name: K1",
        "'meter' is bound twice, by 'meter' as instrument and by 'load' as instrument",
    ),
    "one relay for two": ("k1: K1, k2: K2", "k1: K1, k2: K1", "k2: K1", "'K1' is bound twice"),
    "a binding to nothing": ("{coil: K3}", "{coil: K33}", "coil: K33", "binds to 'K33', which is not there"),
    "a flag": ("- link-faults", "- link-fault", "link-fault\n", "'link-fault' is no feature flag; known: link-faults,"),
    "a flag of nobody": ("- link-faults", "- zeppelin", "zeppelin", "no step asks for 'zeppelin'; known: link-faults,"),
    "mirror contacts": ("{K1: 0, K2: 1,", "{K1: 0, K2: 0,", "K2: 0", "K2 and K1 cannot both be seen at input 0"),
    "a day": (
        "meter: {calibration: 'none: virtual'}",
        "meter: {calibration: 'none: virtual', due: 2025-02-30}",
        "due: 2025",
        "there is no such day; written like 2027-01-31 (read: '2025-02-30')",
    ),
    "plant that changes no more": ("plant: {}", "plant: {contactor_release_time: 1.0e9}", "contactor_re", "to 10"),
    "plant that is read never": (
        "plant: {}",
        "plant: {meter_period: 7200}",
        "meter_period",
        "7200 is outside 0.01 to 5",
    ),
    "plant that is read always": ("plant: {}", "plant: {meter_period: 1.0e-9}", "meter_period", "outside 0.01 to 5"),
    "plant that answers never": (
        "plant: {}",
        "plant: {meter_latency: 7200}",
        "meter_latency",
        "7200 is outside 0 to 5",
    ),
    "plant without a value": (
        "plant: {}",
        "plant: {meter_period: 0}",
        "meter_period",
        "options.rig.plant.meter_period: 0 is",
    ),
    "a truth for a number": (
        SOCKET,
        SOCKET.replace("{}", "{tariff_sat_per_wh: true}"),
        "tariff_sat_per_wh",
        "must be a number, not true or false",
    ),
    "no truth": (
        "name: bench\n",
        "name: bench\n          standing: maybe\n",
        "standing: m",
        "'maybe' is neither true nor",
    ),
    "an address of IPv6": (
        "name: bench\n",
        "name: bench\n          address: '::1'\n",
        "address: '",
        "'::1' is no address of this machine's loopback: 127.0.0.1 to",
    ),
    "an address of another machine": (
        "name: bench\n",
        "name: bench\n          address: 8.8.8.8\n",
        "address: 8",
        "'8.8.8.8' is no address of this machine's loopback",
    ),
    "a coil that the board has not": (K2, K2.replace("coil: 1", "coil: 99"), "coil: 99", "has coils 0 to 3, not 99"),
    "a mirror contact that it has not": (
        "{K1: 0, K2: 1,",
        "{K1: 99, K2: 1,",
        "K1: 99",
        "options.rig.mirror_contacts.K1: the simulated board has inputs 0 to 3, not 99",
    ),
    "a bus of VISA": (
        METER,
        "'USB0::0x1::0x2::X::INSTR'",
        "resource: !t",
        "on a bus that a simulated bench has not",
    ),
    "an address of GPIB": (METER, "'GPIB0::99::INSTR'", "resource: !t", "GPIB has addresses 0 to 30"),
    "no serial port": (METER, "'ASRL::INSTR'", "resource: !t", "the serial port is missing"),
    "a backend": (
        f"resource: !template {METER}",
        f"resource: !template {METER}\n          backend: '@nope'",
        "backend",
        "'@nope' is no VISA backend",
    ),
    "a strategy without a relay": (
        ", k4: K4,",
        ",",
        "BenchStrategy",
        "the BenchStrategy has no binding 'k4'; it needs",
    ),
    "a module": (
        "hil.rig.labgrid.bench_strategy",
        "hil.rig.labgrid.bench_startegy",
        "hil.rig.labgrid.bench_startegy",
        "imports: there is no module 'hil.rig.labgrid.bench_startegy'; known: ",
    ),
    "a module of a file": (
        "- hil.rig.labgrid.bench_strategy",
        "- hil.rig.labgrid.bench_strategy\n  - drivers/crane.py",
        "drivers/crane",
        "imports: there is no file 'drivers/crane.py' beside the rig file",
    ),
    "a tag": (
        "!template 'TCPIP::$LG_HIL_BENCH::5025",
        "!tmplate 'TCPIP::$LG_HIL_BENCH::5025",
        "resource: !tm",
        "'!tmplate' is no tag of labgrid; known: !template. Did you mean '!template'?",
    ),
    "a template": (
        METER,
        "'TCPIP::${LG_HIL::5025::SOCKET'",
        "resource: !t",
        "is a broken template; a variable is written $NAME or ${NAME}",
    ),
    "a merge key": (
        "limits:\n",
        "limits:\n      <<: {power: 1 kW}\n",
        "limits:",
        "labgrid reads no merge key '<<'; write what it would bring",
    ),
    "a view that is not offered": (
        "[node, spv, api]",
        "[spv]",
        "ledger: node",
        "'node' is how a socket sees the ledger here, and ledger_views offers spv only",
    ),
    "negative power": ("power: 2000 W", "power: -2000 W", "power: -2000", "must be above 0 (read: '-2000 W')"),
    "no session": ("session: 10 h", "session: 0 h", "session: 0", "must be above 0 (read: '0 h')"),
    "a model": (
        "meter: {calibration: 'none: virtual'}",
        "meter: {calibration: 'none: virtual', model: YOKOGAWA WT310}",
        "model: YOK",
        "'YOKOGAWA WT310' has no driver",
    ),
    "a dialect": (
        "name: bench",
        "name: bench\n          meter: wt310",
        "meter: wt310",
        "'wt310' is not a virtual meter; known: hmc8015, wt310e. Did",
    ),
    "coins of a simulated cable": (
        "serial: virtual-cable",
        f"serial: virtual-cable\n        coins_to: {Account(bytes(32)).public}",
        "coins_to:",
        "options.rig.devices.cable.coins_to: the simulated reference cable gets an account in each scenario",
    ),
    "an address that is none": (
        "serial: virtual-cable",
        "serial: virtual-cable\n        coins_to: 1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
        "coins_to:",
        "it is an address of another network",
    ),
    "a command that is not there": (
        "serial: virtual-socket",
        "serial: virtual-socket\n        command: [no-such-program, '{lnik}']",
        "no-such-program",
        "options.rig.devices.socket.command: 'no-such-program' is not found in",
    ),
    "another firmware that is not there": (
        "serial: virtual-socket",
        "serial: virtual-socket\n        command: [sh]\n        other_firmware: [no-such-program]",
        "no-such-program",
        "options.rig.devices.socket.other_firmware: 'no-such-program' is not found in",
    ),
    "another firmware of a reference device": (
        "serial: virtual-socket",
        "serial: virtual-socket\n        other_firmware: [sh]",
        "other_firmware:",
        "other_firmware: is another version of the program of 'command', which has the same kind of ports",
    ),
    "a port that is none": (
        "serial: virtual-socket",
        "serial: virtual-socket\n        command: [sh, '{lnik}']",
        "'{lnik}'",
        "'{lnik}' is no port of a device; known: console, link, meter, relay, storage. Did you mean 'link'?",
    ),
    "a port in virtual time": (
        "serial: virtual-socket",
        "serial: virtual-socket\n        command: [sh, '{link}']",
        "'{link}'",
        "'{link}' is a port in real time; this bench keeps its own time",
    ),
    "a role": ("load: {calibration", "laod: {calibration", "laod", "no instrument is the 'laod'. Did you mean 'load'?"),
}


def place_of(text: str, passage: str) -> tuple[int, int]:
    """Line and column at which ``passage`` stands in ``text``."""
    before = text[: text.index(passage)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_at_its_place(tmp_path: Path, case: str) -> None:
    old, new, passage, message = WRONG[case]
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    path = tmp_path / "rig.yaml"
    path.write_text(text, encoding="utf-8")

    _, wrong = read_rig(path, steps())

    assert [(each.line, each.column) for each in wrong if message in each.what] == [place_of(text, passage)], wrong


@pytest.mark.parametrize("path", sorted((ROOT / "rigs").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_rig_files_of_this_project_have_no_mistake(path: Path) -> None:
    assert read_rig(path, steps())[1] == []


def test_a_file_that_is_no_yaml_is_one_mistake_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "rig.yaml"
    path.write_text("targets:\n  main: [\n", encoding="utf-8")
    rig, (wrong,) = read_rig(path, steps())
    assert rig is None
    assert (wrong.line, wrong.column, wrong.rule) == (3, 1, "unreadable-rig")


@pytest.fixture
def mistaken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a rig file and a feature that have mistakes, each in several places."""
    monkeypatch.chdir(tmp_path)
    text = TEXT.replace("plant: {}", "plant: {mains_voltge: 1}").replace("- link-faults", "- link-fault")
    (tmp_path / "rig.yaml").write_text(text, encoding="utf-8")
    wrong = with_step("And the session has ended", "And the sesion has ended\nAnd 11 h have passed")
    (tmp_path / "x.feature").write_text(feature(wrong.replace("at most 5", "at most 0")), encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("mistaken")
def test_mistakes_of_features_and_rig_and_between_them_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "x.feature", "--rig", "rig.yaml"]) == 4
    told = capsys.readouterr().out
    for words in (
        "x.feature:5:36: '0' makes no sense here",
        "x.feature:7:9: undefined step",
        "x.feature:8:9: rig 'virtual' ends a session after",
        "'mains_voltge' is not a parameter",
        "'link-fault' is no feature flag",
    ):
        assert words in told


def test_a_sound_feature_and_rig_have_no_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rig.yaml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "x.feature").write_text(feature(SOUND), encoding="utf-8")
    assert main(["check", "x.feature", "--rig", "rig.yaml"]) == 0


def test_a_module_that_only_labgrid_may_find_is_left_to_it(tmp_path: Path) -> None:
    path = tmp_path / "rig.yaml"
    path.write_text(TEXT.replace("imports:\n", "imports:\n  - of_the_laboratory.crane\n"), encoding="utf-8")
    assert read_rig(path, steps())[1] == []
