"""Which failures of a run someone had accepted beforehand, and until when. No verdict changes by that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

from hil.evidence.documents import Verdict
from hil.evidence.waivers import Waiver
from hil.report.scenario.view import ScenarioView
from hil.report.text_format import moment, rows_of, section_of, text_of

_MISSPELT = 0.9
"""How alike two names are of which one is taken for a misspelling of the other (1: the same)."""


@dataclass(frozen=True)
class WaiverRow:
    """A waiver of the run as the reports print it.

    :param state: what came of it in this run, in words.
    :param applies: whether it covers a failure of this run.
    :param missed: whether it seems to be meant for a failure of this run, and does not cover it.
    """

    waiver: Waiver
    state: str
    applies: bool
    missed: bool = False


@dataclass(frozen=True)
class Waivers:
    """All waivers of a run.

    :param waived: for each scenario whose every failure is covered, by its number: the waivers that cover it.
    """

    rows: list[WaiverRow]
    waived: Mapping[int, list[Waiver]]

    def words(self, scenario: ScenarioView) -> str | None:
        """Return who accepted that the scenario fails, and until when; None if it was not accepted."""
        waivers = self.waived.get(scenario.number)
        if not waivers:
            return None
        return "; ".join(f"{each.id}, {each.who}, until {each.until}: {each.reason}" for each in waivers)


def waivers_of(document: Mapping[str, Any], scenarios: Sequence[ScenarioView]) -> Waivers:
    """Hold the waivers of ``run.json`` against the scenarios of the run, by the day on which it began."""
    recorded = rows_of(section_of(document, "acceptance"), "waivers")
    waivers = [waiver for row in recorded if (waiver := Waiver.of(row)) is not None]
    day = _day(document)
    in_force = [waiver for waiver in waivers if day is not None and day <= waiver.until]
    waived = {
        scenario.number: covering for scenario in scenarios if (covering := _covering(scenario, in_force)) is not None
    }
    used = {waiver.id for covering in waived.values() for waiver in covering}
    rows = [_row(each, day, used, in_force, scenarios) for each in waivers]
    return Waivers(rows, waived)


def _covering(scenario: ScenarioView, waivers: Sequence[Waiver]) -> list[Waiver] | None:
    """Return the waivers that together cover each failure of the scenario; None if they do not, or it did not fail."""
    if scenario.verdict is not Verdict.FAIL or scenario.damage:
        return None
    concerned = [waiver for waiver in waivers if waiver.scenario == scenario_id(scenario)]
    whole = [waiver for waiver in concerned if waiver.measurement is None]
    if whole:
        return whole
    failed = {row.name for row in scenario.findings if row.verdict is Verdict.FAIL}
    covering = [waiver for waiver in concerned if waiver.measurement in failed]
    return covering if failed and failed == {waiver.measurement for waiver in covering} else None


def scenario_id(scenario: ScenarioView) -> str:
    """Return how a waiver names the scenario."""
    return f"{scenario.feature}::{scenario.name}"


def _row(
    waiver: Waiver, day: date | None, used: set[str], in_force: Sequence[Waiver], scenarios: Sequence[ScenarioView]
) -> WaiverRow:
    if day is None:
        why = "does not count: the day on which this run began is not recorded"
        return WaiverRow(waiver, why, applies=False)
    if day > waiver.until:
        return WaiverRow(waiver, "expired before this run", applies=False)
    if waiver.id in used:
        return WaiverRow(waiver, "covers a failure of this run", applies=True)
    named = [scenario for scenario in scenarios if scenario_id(scenario) == waiver.scenario]
    if not named:
        failed = [scenario_id(scenario) for scenario in scenarios if scenario.verdict is Verdict.FAIL]
        close = get_close_matches(waiver.scenario, failed, n=1, cutoff=_MISSPELT)
        nearest = f"; nearest: {close[0]}" if close else ""
        return WaiverRow(waiver, f"its scenario was not part of this run{nearest}", applies=False, missed=bool(close))
    failed_names = {row.name for scenario in named for row in scenario.findings if row.verdict is Verdict.FAIL}
    if waiver.measurement not in failed_names:
        return WaiverRow(waiver, "was not needed: what it names did not fail", applies=False)
    covered = {each.measurement for each in in_force if each.scenario == waiver.scenario}
    others = ", ".join(sorted(repr(name) for name in failed_names - covered))
    return WaiverRow(waiver, f"has no effect: no waiver covers {others}", applies=False, missed=True)


def _day(document: Mapping[str, Any]) -> date | None:
    began = moment(text_of(section_of(document, "host"), "started"))
    return None if began is None else began.date()
