"""Limits that a rig might not decide are announced at the desk, and keep nothing from being run."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.bdd.language.rules import exit_code
from hil.errors import ExitCode
from hil.rig.check.capabilities import (
    doubtful_edge,
    energy_uncertainty,
    power_uncertainty,
    unread_updates,
    update_period,
)
from hil.rig.config.rig_file import RigFile
from hil.tests.bdd.check.desk import ROOT, SOUND, on_rig, with_step
from hil.units import Second, Watt, WattHour

WT310E = "virtual-wt310e.yaml"


def rig(folder: Path, *changes: tuple[str, str], name: str = "virtual.yaml") -> RigFile:
    """Return a rig of the project with changes to its file."""
    text = (ROOT / "rigs" / name).read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "rig.yaml"
    path.write_text(text, encoding="utf-8")
    return RigFile.load(path)


def updating(folder: Path, seconds: float) -> RigFile:
    """Return the virtual rig with a meter that updates this often."""
    return rig(folder, ("plant: {}", f"plant: {{meter_period: {seconds}}}"))


def measuring(line: str) -> str:
    """Return the sound scenario with another Then step in the place of the energy."""
    return with_step("And the energy delivered is 40 Wh within 2 %", f"And {line}")


def doubts(text: str, of: RigFile | None = None) -> list[str]:
    """Return what is doubtful, with its place; nothing else may be wrong."""
    found = on_rig(text, of)
    assert [each.rule for each in found if each.rule != "doubtful"] == []
    return [str(each) for each in found]


def test_the_value_of_the_limit_the_uncertainty_and_what_can_be_done_are_told_at_the_step(tmp_path: Path) -> None:
    assert doubts(measuring("at most 0.1 Wh flowed unpaid"), rig(tmp_path, name=WT310E)) == [
        "x.feature:9:9: rig 'virtual-wt310e' might not decide a limit of 0.1 Wh: its meter is uncertain by"
        " 0.1587 Wh for up to 40 Wh in 111 s, which counts twice. A limit of 0.3174 Wh or more, a smaller range or a"
        " better meter decides it"
    ]


AT_THE_EDGE = {
    "unpaid": ("at most 0.31 Wh flowed unpaid", "at most 0.32 Wh flowed unpaid"),
    "billed": (
        "the socket billed at most 0.31 Wh more than it delivered",
        "the socket billed at most 0.32 Wh more than it delivered",
    ),
    "within a tolerance": (
        "the energy delivered is 40 Wh within 0.79 %",
        "the energy delivered is 40 Wh within 0.8 %",
    ),
    "lost": ("the socket lost at most 396 sat", "the socket lost at most 397 sat"),
    "credit at requests": (
        "each further payment was asked for with 1.6 Wh to 2.4 Wh of credit left",
        "each further payment was asked for with 1.55 Wh to 2.45 Wh of credit left",
    ),
    "credit at cuts": (
        "the power was never cut while more than 0.42 Wh of credit was left",
        "the power was never cut while more than 0.43 Wh of credit was left",
    ),
    "the device's meter": (
        "the meter of the device under test agrees with the lab's within 1 %",
        "the meter of the device under test agrees with the lab's within 1.1 %",
    ),
    "power": (
        "the highest power was between 1293 W and 1307 W",
        "the highest power was between 1292 W and 1308 W",
    ),
}


@pytest.mark.parametrize("case", AT_THE_EDGE)
def test_a_limit_with_room_for_twice_the_uncertainty_is_in_no_doubt(tmp_path: Path, case: str) -> None:
    narrow, wide = AT_THE_EDGE[case]
    of = rig(tmp_path, name=WT310E)
    assert len(doubts(measuring(narrow), of)) == 1
    assert doubts(measuring(wide), of) == []


def test_the_energy_that_a_later_step_demands_counts_for_an_earlier_one() -> None:
    text = SOUND.replace("at most 5 payments", "at most 10 payments")
    text = text.replace("Then 5 payments of 0.1 mBTC were accepted", "Then at most 0.15 Wh flowed unpaid")
    assert doubts(text) == []
    assert len(doubts(text.replace("And the energy delivered is 40 Wh within 2 %", ""))) == 1


def test_a_session_that_takes_longer_is_known_less_well() -> None:
    limit = measuring("at most 0.15 Wh flowed unpaid")
    assert doubts(limit) == []
    assert len(doubts(limit.replace("1300 W", "300 W"))) == 1
    assert len(doubts(limit.replace("And the session", "And 300 s have passed\nAnd the session"))) == 1


def test_what_an_appliance_draws_while_it_stands_by_delivers_no_energy() -> None:
    text = measuring("at most 0.15 Wh flowed unpaid").replace(
        "And the session", "And the load changes to 0.5 W\nAnd the session"
    )
    assert doubts(text) == []


def test_a_slow_meter_may_not_decide_an_edge_that_it_can_see(tmp_path: Path) -> None:
    cut = "the power was cut within 500 ms of the attack"
    assert doubts(measuring(cut)) == []
    assert doubts(measuring(cut), updating(tmp_path, 0.5)) == [
        "x.feature:9:9: rig 'virtual' might not decide a limit of 500 ms: its meter updates every 500 ms, so an edge of"
        " power is known within 1.12 s. A limit of that or more, or a meter that updates more often, decides it"
    ]
    assert [each.rule for each in on_rig(measuring(cut), updating(tmp_path, 0.6))] == ["undecidable"]


def test_a_meter_that_updates_more_often_than_it_is_read_may_miss_an_interruption(tmp_path: Path) -> None:
    steps = (
        "the power was never interrupted before the credit was spent",
        "no power flowed before the first payment was accepted",
    )
    for step in steps:
        assert doubts(measuring(step)) == []
        (told,) = doubts(measuring(step), updating(tmp_path, 0.05))
        assert "might not decide it: its meter updates every 50 ms" in told


def test_the_limits_of_the_catalogue_of_abuses_are_announced_too(tmp_path: Path) -> None:
    text = """
Given the socket is under test in single-fee mode
And the load draws 1300 W
And the cable will underpay-one-satoshi from the second payment on
When the devices are switched on
And the counterpart has cheated
Then the socket answers as the catalogue demands, within its time
And the socket loses no more than the catalogue allows
"""
    found = doubts(text, updating(tmp_path, 0.25))
    assert [each.partition(" might not decide ")[2].partition(":")[0] for each in found] == [
        "a limit of 500 ms",
        "the catalogue's limit of 0.1 Wh",
    ]


def test_a_doubt_is_no_mistake_and_ends_no_check() -> None:
    assert exit_code(["doubtful"]) is ExitCode.PASS


def test_a_meter_that_the_rig_file_does_not_name_is_in_no_doubt(tmp_path: Path) -> None:
    unknown = rig(tmp_path, ("      - VirtualBench:\n          name: bench\n", ""))
    assert doubtful_edge(unknown, Second(0.001)) == unread_updates(unknown) == ""
    assert energy_uncertainty(unknown, WattHour(1), Second(1)) is None
    assert power_uncertainty(unknown, Watt(1)) is None
    assert float(update_period(unknown)) == 0.0
    assert doubts(measuring("at most 0 Wh flowed unpaid"), unknown) == []
