"""The files of rigs/laboratory: units are right and hardened, nothing listens beyond loopback, names fit rig files."""

from __future__ import annotations

import ipaddress
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from labgrid.remote.config import ResourceConfig

from hil.rig.config.target_section import LINES, RELAYS
from hil.yaml_file import load, plain

LABORATORY = Path(__file__).parents[3] / "rigs/laboratory"
UNITS = sorted((LABORATORY / "systemd").iterdir())
EXPORTERS = sorted((LABORATORY / "exporters").iterdir())
PARTS = {"meter", "load", *RELAYS, *LINES}

INSTALLED = "/opt/micropay-hil/bin"
MOST_EXPOSED = 20
"""Of 100, by `systemd-analyze security`; a service without any hardening has 96."""

ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the units, as on a machine where the framework is in the environment of this test."""
    folder = tmp_path_factory.mktemp("units")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace(INSTALLED, str(Path(sys.executable).parent))
        (folder / unit.name).write_text(text, encoding="utf-8")
    return folder


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_systemd_finds_nothing_wrong_with_the_units(units: Path) -> None:
    files = [str(units / unit.name.replace("@.", "@bench-1.")) for unit in UNITS]
    verified = run("systemd-analyze", "verify", *files)
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_exposed_as_little_as_it_can_be(unit: Path) -> None:
    judged = run("systemd-analyze", "security", "--offline=yes", f"--threshold={MOST_EXPOSED}", "--no-pager", str(unit))
    assert judged.returncode == 0, judged.stdout


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_has_a_user_of_its_own_and_gains_nothing(unit: Path) -> None:
    lines = unit.read_text(encoding="utf-8").splitlines()
    for line in (
        "DynamicUser=yes",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "PrivateTmp=yes",
        "ProtectSystem=strict",
    ):
        assert line in lines
    assert not [line for line in lines if re.match(r"(User=root|PermissionsStartOnly|AmbientCapabilities=.)", line)]


@pytest.mark.parametrize("name", ["labgrid-coordinator.service", "labgrid-exporter@.service"])
def test_what_labgrid_starts_is_heard_by_this_machine_only(name: str) -> None:
    lines = (LABORATORY / "systemd" / name).read_text(encoding="utf-8").splitlines()
    assert {"IPAddressDeny=any", "IPAddressAllow=localhost"} <= set(lines)


def test_no_service_is_told_to_listen_beyond_loopback() -> None:
    files = [*UNITS, *(LABORATORY / "compose").iterdir()]
    told = [address for file in files for address in ADDRESS.findall(file.read_text(encoding="utf-8"))]
    assert told
    assert [address for address in told if not ipaddress.ip_address(address).is_loopback] == []


@pytest.mark.parametrize("exporter", EXPORTERS, ids=lambda file: file.name)
def test_an_exporter_offers_each_part_under_the_name_that_drivers_bind_to(exporter: Path) -> None:
    offered = ResourceConfig(str(exporter), {"env": {"LG_HIL_BENCH": "127.0.0.2"}}).data
    for group in offered.values():
        assert set(group) - {"location"} == PARTS


def test_the_exporter_of_a_bench_offers_it_where_its_rig_file_says() -> None:
    offered = ResourceConfig(str(LABORATORY / "exporters/bench-1.yaml"), {"env": {}}).data["bench-1"]
    document: Any = plain(load(LABORATORY.parent / "bench-example.yaml"))
    of_rig = {
        arguments["name"]: arguments for each in document["targets"]["main"]["resources"] for arguments in each.values()
    }
    for part in ("meter", "load", *RELAYS):
        same = {key: value for key, value in of_rig[part].items() if key != "name"}
        assert {key: value for key, value in offered[part].items() if key != "cls"} == same


def test_udev_makes_the_names_that_the_exporter_of_the_bench_opens() -> None:
    rules = (LABORATORY / "udev/70-bench.rules").read_text(encoding="utf-8")
    offered = ResourceConfig(str(LABORATORY / "exporters/bench-1.yaml"), {"env": {}}).data["bench-1"]
    assert sorted(re.findall(r'SYMLINK\+="(.*?)"', rules)) == sorted(
        str(offered[line]["port"]).removeprefix("/dev/") for line in LINES
    )


def test_the_containers_are_hardened_and_share_loopback_with_this_machine() -> None:
    services = yaml.safe_load((LABORATORY / "compose/compose.yaml").read_text(encoding="utf-8"))["services"]
    assert {name.partition("-")[0] for name in services} == {"coordinator", "virtual", "exporter"}
    for service in services.values():
        assert service["network_mode"] == "host"
        assert "ports" not in service
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["user"] != "0:0"
