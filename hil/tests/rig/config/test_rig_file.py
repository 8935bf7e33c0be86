"""Rig files: what is read, and how every mistake is told with its place before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.errors import ConfigurationError
from hil.rig.config.rig_file import RigFile
from hil.rig.config.target_section import LINES, RELAYS

VIRTUAL = Path(__file__).parents[4] / "rigs" / "virtual.yaml"
_TEXT = VIRTUAL.read_text(encoding="utf-8")
FEATURES = _TEXT[_TEXT.index("    features:\n") : _TEXT.index("    resources:\n")]


def load(folder: Path, text: str | bytes) -> RigFile:
    path = folder / "bench.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return RigFile.load(path)


def refused(folder: Path, text: str | bytes) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, text)
    return str(caught.value)


def changed(old: str, new: str) -> str:
    """The virtual rig's file with one passage replaced."""
    text = VIRTUAL.read_text(encoding="utf-8")
    assert old in text
    return text.replace(old, new)


def place_of(text: str, passage: str) -> str:
    """``line:column`` at which ``passage`` stands in ``text``."""
    before = text[: text.index(passage)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def test_the_virtual_rig_reads_with_limits_in_base_units() -> None:
    rig = RigFile.load(VIRTUAL)

    limits = rig.options.limits
    assert (limits.power, limits.energy, limits.session) == (2000.0, 20_000.0, 10 * 3600.0)
    assert rig.virtual
    assert rig.bench_address == ""
    flags = {"virtual", "seeded-defects", "seeded-faults", "link-faults", "switches-under-load", "programmable-mains"}
    assert rig.features == flags


def test_the_address_of_the_virtual_bench_is_read(tmp_path: Path) -> None:
    text = changed(
        "VirtualBench:\n          name: bench", "VirtualBench:\n          name: bench\n          address: 127.0.0.9"
    )

    assert load(tmp_path, text).bench_address == "127.0.0.9"


def test_the_instruments_of_the_virtual_bench_are_its_own_unless_the_file_names_others(tmp_path: Path) -> None:
    plain = "VirtualBench:\n          name: bench"
    assert load(tmp_path, changed(plain, plain)).bench_instruments == {}
    text = changed(plain, f"{plain}\n          meter: wt310e\n          load: dl3021")
    assert load(tmp_path, text).bench_instruments == {"meter": "wt310e", "load": "dl3021"}


def test_a_rig_without_virtual_bench_is_physical(tmp_path: Path) -> None:
    assert not load(tmp_path, changed("      - VirtualBench:\n          name: bench\n", "")).virtual


def test_features_may_be_absent(tmp_path: Path) -> None:
    text = changed(FEATURES, "")

    assert load(tmp_path, text).features == frozenset()


def test_every_problem_is_told_at_once_each_with_its_place(tmp_path: Path) -> None:
    text = (
        VIRTUAL.read_text(encoding="utf-8")
        .replace("power: 2000 W", "power: 2000 Watts")
        .replace("energy: 20 kWh", "energy: lots")
        .replace("appliances: [toaster, load, inverter]", "appliances: [toaster, kettle]")
        .replace("    description: simulated bench", "    descripton: simulated bench")
        .replace("      - LoadDriver: {name: load, bindings: {instrument: load}}\n", "")
        .replace("      - ModbusCoilDriver: {name: K3, bindings: {coil: K3}}\n", "")
    )

    told = refused(tmp_path, text).splitlines()

    path = tmp_path / "bench.yaml"
    passages = ["main:", "main:", "descripton", "kettle", "power: 2000", "energy: lots"]
    assert sorted(line.split(": ")[0] for line in told) == sorted(
        f"{path}:{place_of(text, passage)}" for passage in passages
    )
    whole = "\n".join(told)
    assert "no LoadDriver named 'load'" in whole
    assert "no driver named 'K3'" in whole
    assert "'Watts' is not a unit of power; known: W, kW, mW" in whole
    assert "expected a number and one of Wh, kWh, mWh (read: 'lots')" in whole
    assert "rigs/virtual.yaml shows every entry" in told[-1]


def test_a_contradiction_of_the_whole_is_told_beside_a_wrong_entry_elsewhere_in_it(tmp_path: Path) -> None:
    twice = "    loop_back: [socket-link]\n    crossed: [[socket-link, cable-link]]\n"
    said = refused(tmp_path, changed("    plant: {}\n", f"{twice}    plant: nothing\n"))
    assert "options.rig.plant: " in said
    assert "loop_back and crossed: socket-link cannot end in two plugs" in said


@pytest.mark.parametrize("name", [*LINES, *RELAYS, "meter", "load"])
def test_a_missing_driver_is_named(tmp_path: Path, name: str) -> None:
    lines = VIRTUAL.read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(line for line in lines if f"Driver: {{name: {name}," not in line)

    assert f"named '{name}'" in refused(tmp_path, text)


def test_a_missing_strategy_is_told(tmp_path: Path) -> None:
    text = changed("      - BenchStrategy: {bindings: {k1: K1, k2: K2, k3: K3, k4: K4, load: load}}\n", "")

    assert "no BenchStrategy" in refused(tmp_path, text)


def test_missing_targets_do_not_hide_problems_of_the_options(tmp_path: Path) -> None:
    told = refused(tmp_path, "options:\n  rig:\n    name: x\n    limits: {power: 5 parsec}\n")

    assert "bench.yaml:1:1: targets.main is missing" in told
    assert "'parsec' is not a unit of power" in told
    assert "bench.yaml:4:" in told


def test_missing_options_are_told_by_name(tmp_path: Path) -> None:
    told = refused(tmp_path, VIRTUAL.read_text(encoding="utf-8").split("options:")[0])

    for name in ("name", "setups", "appliances", "limits", "instruments", "devices"):
        assert f"options.rig.{name}: Field required" in told


def test_broken_yaml_is_told_with_line_and_column(tmp_path: Path) -> None:
    told = refused(tmp_path, "targets:\n  main: [\n")

    assert f"{tmp_path / 'bench.yaml'}:3:1: this is no YAML" in told


def test_a_key_that_stands_twice_is_told_with_its_place(tmp_path: Path) -> None:
    assert "bench.yaml:2:1: this is no YAML: found duplicate key" in refused(tmp_path, "options: 1\noptions: 2\n")


@pytest.mark.parametrize("text", ["", "just words\n", "- a\n- list\n", "42\n"])
def test_a_document_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert "bench.yaml:1:1: a rig file is a mapping with targets and options" in refused(tmp_path, text)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    assert "the rig file cannot be read" in refused(tmp_path, b"\xff\xfe\x00\x80targets")


def test_a_missing_file_is_told_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.yaml"

    with pytest.raises(
        ConfigurationError, match=r"nowhere\.yaml: the rig file cannot be read \(No such file"
    ) as caught:
        RigFile.load(path)

    assert caught.value.remedy == "See rigs/ for examples."


def test_a_folder_is_no_rig_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Is a directory"):
        RigFile.load(tmp_path)


@pytest.mark.parametrize(
    "section",
    [
        "    drivers: 5\n",
        "    drivers: [words, 7]\n",
        "    drivers:\n      - SerialDriver: [a, b]\n",
        "    resources: yes please\n    drivers: []\n",
        "    resources: [3]\n    drivers: []\n",
    ],
)
def test_sections_of_a_wrong_shape_are_refused_with_their_place(tmp_path: Path, section: str) -> None:
    text = f"targets:\n  main:\n{section}options:\n  rig: {{}}\n"

    told = refused(tmp_path, text)

    assert "bench.yaml:3:" in told or "bench.yaml:4:" in told
    assert "labgrid" in told


def test_features_that_are_no_list_are_refused(tmp_path: Path) -> None:
    text = changed(FEATURES, "    features: virtual\n")

    assert f":{place_of(text, 'features: virtual')}: targets.main.features" in refused(tmp_path, text)


def test_a_virtual_bench_may_live_on_the_wall_clock() -> None:
    real_time = RigFile.load(VIRTUAL.with_name("realtime.yaml"))
    assert real_time.virtual
    assert real_time.real_time
    assert not RigFile.load(VIRTUAL).real_time


def test_an_unknown_clock_is_told_with_its_place(tmp_path: Path) -> None:
    text = changed("VirtualBench:\n          name: bench", "VirtualBench:\n          name: bench\n          clock: wal")
    assert (
        f"bench.yaml:{place_of(text, 'clock: wal')}: targets.main.resources: 'wal' is no clock; known: virtual, wall. "
        "Did you mean 'wall'?"
    ) in refused(tmp_path, text)


def test_numbers_of_a_profile_are_plain_numbers(tmp_path: Path) -> None:
    """ruamel keeps the spelling of a float in a class of its own, which is no JSON."""
    socket = load(tmp_path, changed("profile: {}\n      cable", "profile: {boot_delay_s: 0.5}\n      cable")).options
    assert socket.devices.socket is not None
    assert type(socket.devices.socket.profile["boot_delay_s"]) is float
