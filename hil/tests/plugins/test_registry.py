"""Plug-ins are found by entry point and by the laboratory's table, loaded when they are used, and refused clearly."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from hil.errors import ConfigurationError, ExitCode
from hil.plugins import registry
from hil.plugins.groups import GROUPS, METERS, VIRTUAL_METERS, Group
from hil.plugins.laboratory import Declared, declare
from hil.tests.plugins.installed import distribution

ACME = """\
class Acme:
    serves = update_period = settling = limits = None
"""


def in_laboratory(
    folder: Path, name: str = "acme9000", reference: str = "lab_acme:Acme", group: str = "meters"
) -> None:
    declare([Declared(group, name, reference, "pyproject.toml:7:1", str(folder))])


def test_an_installed_distribution_adds_a_plug_in_which_names_it_and_its_version(site: Path) -> None:
    (site / "dist_acme.py").write_text(ACME)
    distribution(site, "acme-hil", {"hil.meters": {"acme9000": "dist_acme:Acme"}, "console_scripts": {"a": "b:c"}})

    plugin = registry.find(METERS, "ACME9000")

    assert (plugin.name, plugin.origin) == ("acme9000", "acme-hil 1.2")
    assert plugin.load().__name__ == "Acme"
    assert registry.names(METERS)[-1] == "acme9000"


def test_a_laboratory_adds_a_plug_in_without_a_package_and_its_folder_is_put_on_the_path(
    site: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("lab")
    (folder / "lab_acme.py").write_text(ACME)
    in_laboratory(folder)

    plugin = registry.find(METERS, "acme9000")

    assert plugin.origin == "pyproject.toml:7:1"
    assert plugin.load() is import_module("lab_acme").Acme
    assert str(folder) in sys.path


def test_programs_that_are_started_find_what_the_laboratory_named(site: Path) -> None:
    in_laboratory(site)
    code = "from hil.plugins import registry, groups; print(registry.find(groups.METERS, 'acme9000').reference)"

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )

    assert done.stdout == "lab_acme:Acme\n"
    declare([])
    assert "acme9000" not in registry.names(METERS)


def test_the_laboratory_replaces_a_part_of_the_framework_and_a_distribution_does_not(site: Path) -> None:
    distribution(site, "acme-hil", {"hil.meters": {"wt310e": "dist_acme:Acme"}})
    assert registry.find(METERS, "wt310e").origin == registry.OWN

    in_laboratory(site, name="WT310E")
    assert registry.find(METERS, "wt310e").reference == "lab_acme:Acme"
    assert [each.origin for each in registry.ordered(METERS) if each.name.casefold() == "wt310e"] == [
        "pyproject.toml:7:1",
        registry.OWN,
        "acme-hil 1.2",
    ]


def test_one_name_from_two_distributions_is_refused_when_it_is_used(site: Path) -> None:
    for name in ("acme-hil", "other-hil"):
        distribution(site, name, {"hil.meters": {"acme9000": "dist_acme:Acme"}})

    with pytest.raises(ConfigurationError, match=r"comes from acme-hil 1\.2 and from other-hil 1\.2.*Uninstall one"):
        registry.find(METERS, "acme9000")
    assert registry.find(METERS, "hmc8015").origin == registry.OWN


def test_a_distribution_that_is_there_twice_is_one(site: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    again = tmp_path_factory.mktemp("again")
    sys.path.append(str(again))
    distribution(site, "acme-hil", {"hil.meters": {"acme9000": "dist_acme:Acme"}})
    distribution(again, "acme-hil", {"hil.meters": {"acme9000": "dist_acme:Acme"}}, version="0.9")

    assert registry.find(METERS, "acme9000").origin == "acme-hil 1.2"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import nowhere_at_all\n", "ModuleNotFoundError: No module named 'nowhere_at_all' ({file}:1)"),
        ("x = 1\n1 / 0\n", "ZeroDivisionError: division by zero ({file}:2)"),
        ("raise SystemExit(3)\n", "SystemExit: 3 ({file}:1)"),
        ("class Acme\n", "SyntaxError: expected ':' ({file}:1)"),
        ("x = 1\n", "AttributeError: module 'lab_broken' has no attribute 'Acme'"),
        (
            "class Acme:\n    serves = limits = None\n",
            "is not a driver of power meters: it has no 'update_period', 'settling'",
        ),
        ("Acme = 3\n", "is no class or function (found: 3)"),
    ],
)
def test_a_plug_in_that_cannot_be_loaded_tells_what_failed_where_and_whose_it_is(
    site: Path, text: str, told: str
) -> None:
    (site / "lab_broken.py").write_text(text)
    in_laboratory(site, reference="lab_broken:Acme")

    with pytest.raises(ConfigurationError) as caught:
        registry.find(METERS, "acme9000").load()

    assert told.format(file=site / "lab_broken.py") in caught.value.what
    assert caught.value.what.startswith("the plug-in 'acme9000' of hil.meters (lab_broken:Acme) ")
    assert caught.value.place == "pyproject.toml:7:1"
    assert "[tool.hil.plugins]" in str(caught.value.remedy)
    assert caught.value.exit_code is ExitCode.AUTHOR_ERROR


def test_a_module_that_is_not_there_is_told_with_the_distribution(site: Path) -> None:
    distribution(site, "acme-hil", {"hil.meters": {"acme9000": "nowhere_at_all:Acme"}})

    with pytest.raises(ConfigurationError, match=r"^acme-hil 1\.2: the plug-in .*No module named 'nowhere_at_all'"):
        registry.find(METERS, "acme9000").load()


def test_a_name_that_nobody_brings_is_refused_with_the_nearest() -> None:
    named = r"'wt310' is not a power meter of the virtual bench; known: .*'wt310e'"
    with pytest.raises(ConfigurationError, match=named):
        registry.find(VIRTUAL_METERS, "wt310")


@pytest.mark.parametrize("group", GROUPS.values(), ids=lambda group: group.name)
def test_every_part_of_the_framework_is_what_its_group_holds(group: Group) -> None:
    for plugin in registry.ordered(group, installed=False):
        assert plugin.load().__doc__
