"""Instruments of a laboratory's own, with the wheel in a fresh environment: named in a table, or installed."""

from __future__ import annotations

import json
from pathlib import Path

from hil.errors import ExitCode
from hil.tests.acceptance.installed import Laboratory
from hil.tests.docs.follow import ROOT, blocks
from hil.tests.plugins.installed import distribution

PAGE = ROOT / "docs/how-to/add-a-dialect.md"
BENCH = "VirtualBench:\n          name: bench\n"
MOST_LINES = 150
"""Of driver and virtual twin together."""


def add_acme(laboratory: Laboratory, *, table: bool = True) -> None:
    """Put the instrument of the page into the laboratory, and onto its virtual bench."""
    code = 0
    for block in blocks(PAGE):
        if name := block.value("file"):
            laboratory.write(name, block.text)
            code += len(block.text.splitlines()) if name.startswith("instruments/") and name.endswith(".py") else 0
        elif block.value("append") and table:
            project = laboratory.folder / "pyproject.toml"
            laboratory.write("pyproject.toml", f"{project.read_text(encoding='utf-8')}\n{block.text}")
    assert 0 < code < MOST_LINES
    rig = (laboratory.folder / "rigs/virtual.yaml").read_text(encoding="utf-8")
    assert rig.count(BENCH) == 1
    laboratory.write("rigs/virtual.yaml", rig.replace(BENCH, f"{BENCH}          meter: acme_pm1\n"))


def report(laboratory: Laboratory) -> str:
    return (laboratory.folder / "reports/runs/latest/report.html").read_text(encoding="utf-8")


def test_a_laboratory_runs_with_a_meter_of_its_own_and_the_report_names_its_driver(laboratory: Laboratory) -> None:
    add_acme(laboratory)

    assert "0 mistakes" in laboratory.passes("check", "--rig", "rigs/virtual.yaml")
    assert "1 scenario: 1 pass" in laboratory.passes("run", "features", "--seed", "7")

    meter, load = laboratory.latest["rig"]["instruments"]
    place = meter["driver"].removeprefix("acme_pm1 (pyproject.toml:").removesuffix(":11)")
    assert place.isdecimal(), meter["driver"]
    assert (meter["manufacturer"], meter["model"]) == ("ACME", "PM1")
    assert load["driver"].startswith("it8615 (micropay-hil ")
    assert meter["driver"] in report(laboratory)


def test_a_plug_in_that_is_installed_serves_the_run_and_its_distribution_is_named(
    laboratory: Laboratory, tmp_path: Path
) -> None:
    add_acme(laboratory, table=False)
    (site,) = laboratory.python.parents[1].glob("lib/python*/site-packages")
    installed = tmp_path / "site"
    installed.mkdir()
    distribution(
        installed,
        "acme-hil",
        {
            "hil.meters": {"acme_pm1": "instruments.acme_pm1:AcmePm1"},
            "hil.virtual_meters": {"acme_pm1": "instruments.virtual_acme_pm1:AcmePm1"},
        },
    )
    (laboratory.folder / "instruments").rename(installed / "instruments")
    path = site / "acme.pth"
    path.write_text(f"{installed}\n", encoding="utf-8")
    try:
        assert "1 scenario: 1 pass" in laboratory.passes("run", "features", "--seed", "7")
        assert laboratory.latest["rig"]["instruments"][0]["driver"] == "acme_pm1 (acme-hil 1.2)"
    finally:
        path.unlink()


def test_a_broken_plug_in_is_told_where_it_is_needed_and_disturbs_nothing_else(laboratory: Laboratory) -> None:
    add_acme(laboratory)
    laboratory.write("instruments/acme_pm1.py", "import nowhere_at_all\n")

    listed = laboratory.hil("plugins", "--format", "json")
    assert listed.returncode == ExitCode.AUTHOR_ERROR
    (broken,) = [row for row in json.loads(listed.stdout) if row["state"] != "ok"]
    assert broken["name"] == "acme_pm1"
    assert "No module named 'nowhere_at_all'" in broken["problem"]
    assert "instruments/acme_pm1.py:1" in broken["problem"]

    refused = laboratory.hil("run", "--seed", "7")
    assert refused.returncode == ExitCode.AUTHOR_ERROR, refused.stdout
    assert "the plug-in 'acme_pm1' of hil.meters" in refused.stdout
    assert "No module named 'nowhere_at_all'" in refused.stdout

    rig = (laboratory.folder / "rigs/virtual.yaml").read_text(encoding="utf-8")
    laboratory.write("rigs/virtual.yaml", rig.replace("          meter: acme_pm1\n", ""))
    assert "0 mistakes" in laboratory.passes("check", "--rig", "rigs/virtual.yaml")
    assert "1 scenario: 1 pass" in laboratory.passes("run", "features", "--seed", "7")


def test_the_tests_of_the_plug_in_run_in_the_laboratory(laboratory: Laboratory) -> None:
    add_acme(laboratory)

    done = laboratory.call("-m", "pytest", "-q", "tests")

    assert (done.returncode, "9 passed" in done.stdout) == (ExitCode.PASS, True), done.stdout
