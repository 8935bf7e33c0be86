"""What a reader must know of a run before trusting its verdicts: exclusions, deviations, and the acts of the watchdog.

ISO/IEC 17025:2017, 7.8.2.1 n, wants additions to, deviations from and exclusions from the method stated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil.evidence.documents import Verdict
from hil.evidence.run_folder.files import SAFE_STATE_FILES
from hil.report.scenario.view import ScenarioView
from hil.report.text_format import number_of, rows_of, section_of, text_of


@dataclass(frozen=True)
class WatchdogStep:
    """What the watchdog did to one part of the bench, as printed."""

    part: str | None
    state: str
    after_ms: str | None
    tries: str | None


@dataclass(frozen=True)
class WatchdogAct:
    """The watchdog had to make the bench safe, since the run did not."""

    cause: str | None
    reached: bool
    state: str
    meter: str | None
    wall: str | None
    steps: list[WatchdogStep]


def watchdog_acts(folder: Path) -> list[WatchdogAct]:
    """Return what the watchdogs told in the run folder, a bench each; empty if they had nothing to do."""
    return [_act(path) for path in sorted(folder.glob(SAFE_STATE_FILES))]


def _act(path: Path) -> WatchdogAct:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = None
    if not isinstance(told, dict):
        return WatchdogAct(None, False, "its report cannot be read: look at the bench", None, None, [])
    reached = told.get("reached") is True
    after = _milliseconds(told)
    state = f"reached{f', {after} after the cause' if after else ''}" if reached else "NOT reached"
    problem = text_of(told, "problem")
    steps = [
        WatchdogStep(
            text_of(step, "part"),
            "ok" if step.get("reached") is True else f"NOT reached: {text_of(step, 'problem') or 'no reason recorded'}",
            _milliseconds(step),
            text_of(step, "tries"),
        )
        for step in rows_of(told, "steps")
    ]
    return WatchdogAct(
        text_of(told, "cause"),
        reached,
        f"{state}: {problem}" if problem else state,
        text_of(told, "meter"),
        text_of(told, "wall"),
        steps,
    )


def _named(scenarios: Sequence[ScenarioView]) -> str:
    if len(scenarios) == 1:
        return f"Scenario {scenarios[0].number}, {scenarios[0].name}"
    spans: list[list[int]] = []
    for scenario in scenarios:
        if spans and spans[-1][-1] + 1 == scenario.number:
            spans[-1][1:] = [scenario.number]
        else:
            spans.append([scenario.number])
    numbers = ["\u2013".join(map(str, span)) for span in spans]
    return f"Scenarios {', '.join(numbers)}"


def _milliseconds(told: Mapping[str, Any]) -> str | None:
    value = number_of(told, "ms")
    return None if value is None else f"{value:.1f} ms"


def deviations_of(
    document: Mapping[str, Any], scenarios: Sequence[ScenarioView], acts: Sequence[WatchdogAct]
) -> list[str]:
    """Return sentences on what was left out of the method or differed from it, as far as the run itself knows."""
    found = []
    commit = text_of(document, "commit") or ""
    if commit.endswith("+"):
        found.append("The framework or the feature files differed from the git commit that is named.")
    for device in rows_of(section_of(document, "rig"), "devices"):
        seeded = text_of(device, "seeded")
        if seeded is not None:
            found.append(f"The simulated {text_of(device, 'role')} had seeded faults: {seeded}.")
    for verdict, words in (
        (Verdict.NOT_APPLICABLE, "not carried out, since this bench cannot offer it"),
        (Verdict.NOT_RUN, "not carried out, or not to its end"),
    ):
        reasons: dict[str, list[ScenarioView]] = {}
        for scenario in scenarios:
            if scenario.verdict is verdict:
                reasons.setdefault(scenario.why, []).append(scenario)
        found += [f"{_named(alike)}: {words} ({why})." for why, alike in reasons.items()]
    for act in acts:
        found.append(f"The watchdog had to make the bench safe ({act.cause or 'cause not recorded'}): {act.state}.")
    return found
