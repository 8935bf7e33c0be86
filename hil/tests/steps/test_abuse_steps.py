"""The steps of the catalogue of abuses: what an author may write, and what is found before anything is switched."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.bdd.check import preflight
from hil.bdd.language import reader
from hil.bdd.language.catalogue import load_catalogue
from hil.errors import AuthorError
from hil.scenario.abuse_plan import AbusePlan

SCENARIO = """Feature: Abuse
  Scenario: One
    Given the {device} is under test in single-fee mode
    And the load draws 1300 W
    And {step}
    When the devices are switched on
    And the counterpart has cheated
    Then the {device} answers as the catalogue demands, within its time
"""


def problems(tmp_path: Path, step: str, device: str = "socket") -> list[str]:
    file = tmp_path / "abuse.feature"
    file.write_text(SCENARIO.format(device=device, step=step), encoding="utf-8")
    return [str(problem) for problem in preflight.check([reader.read(file)], load_catalogue())]


@pytest.mark.parametrize(
    ("device", "step"),
    [
        ("socket", "the cable will underpay-one-satoshi"),
        ("socket", "the cable will underpay-one-satoshi from the third payment on"),
        ("cable", "the socket will divert-the-change"),
        ("cable", "the socket will divert-the-change from the 3rd payment on"),
    ],
)
def test_an_abuse_is_written_by_its_id(tmp_path: Path, device: str, step: str) -> None:
    assert problems(tmp_path, step, device) == []


def test_an_unknown_abuse_is_found_before_the_run_with_the_nearest(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "the cable will underpay-one-satoshy")
    assert "abuse.feature:5:" in found
    assert "'underpay-one-satoshy' is no abuse of the catalogue; the nearest are underpay-one-satoshi" in found


def test_the_abuse_of_the_other_side_is_found_before_the_run(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "the cable will divert-the-change")
    assert "'divert-the-change' is how a socket cheats, not a cable" in found


def test_an_abuse_that_needs_the_chain_is_found_before_the_run(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "the cable will bribe-a-miner")
    assert "it needs the chain. Takes a colluding miner." in found


def test_an_abuse_before_any_payment_has_no_first_payment() -> None:
    with pytest.raises(AuthorError, match="comes before any payment"):
        AbusePlan.of_catalogue("cable", "declare-a-spent-coin", 3)


def test_an_abuse_is_held_against_the_device_and_the_mode_of_its_scenario() -> None:
    plan = AbusePlan.of_catalogue("cable", "conflict-too-cheaply")
    plan.check("socket under test", "per-payment")
    with pytest.raises(AuthorError, match="for per-payment mode, not for single-fee mode"):
        plan.check("socket under test", "single-fee")
    with pytest.raises(AuthorError, match="for a scenario with the socket under test"):
        plan.check("cable under test", "per-payment")


def test_a_plan_begins_where_its_row_or_its_author_says() -> None:
    assert AbusePlan.of_catalogue("cable", "underpay-half").first_payment == 2
    assert AbusePlan.of_catalogue("cable", "underpay-half", 4).first_payment == 4
