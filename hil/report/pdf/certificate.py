"""What the certificate says: the two to four pages that a person reads and signs, as plain data for its template."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hil.evidence.documents import Json, Verdict
from hil.evidence.limits import Rule
from hil.report.certificate import Fact
from hil.report.requirement_matrix import RequirementRow
from hil.report.run_view import RunView
from hil.report.scenario.rows import FindingRow
from hil.report.scenario.view import ScenarioView
from hil.report.text_format import NOT_STATED, date

_NO_VERDICT = "no verdict"

MOST_SENTENCES = 6
"""Deviations and warnings that the certificate lists; the report lists all of them."""


MOST_MEASUREMENTS = 10
"""Measurements whose values the certificate tells: those closest to their limits."""


def certificate_content(run: RunView) -> dict[str, Any]:
    """Return everything that ``certificate.typ`` prints; None stands for what was not stated."""
    return {
        "id": run.run_id,
        "title": run.title,
        "authors": [name for person in run.persons if (name := stated(person.get("name")))],
        "virtual": run.virtual is True,
        "verdict": run.verdict.value if run.verdict else _NO_VERDICT,
        "sentence": run.sentence,
        "counts": run.count_words,
        "waived": _waived(run),
        "waivers": [
            [row.waiver.id, row.waiver.scenario, row.waiver.reason, row.waiver.who, str(row.waiver.until), row.state]
            for row in run.waivers.rows
        ],
        "warnings": shortened(run.warnings, "warnings"),
        "identification": facts(run.identification),
        "method": facts(run.method),
        "amendments": [[said.number, said.replaces, said.changes]] if (said := run.amendment) else [],
        "items": [
            [
                stated(device.role),
                _described(device.description, tested=device.tested),
                *map(stated, (device.serial, device.firmware, device.condition, device.received)),
            ]
            for device in run.devices
        ],
        "requirements": [_requirement(row) for row in run.requirements.rows],
        "requirements-missing": run.requirements.missing,
        "closest": _closest(run.scenarios),
        "measurements": sum(len(scenario.findings) for scenario in run.scenarios),
        "deviations": shortened(run.deviations, "deviations"),
        "remarks": run.remarks,
        "notes": [[note.text, note.who, date(note.at)] for note in run.notes],
        "instruments": [
            list(map(stated, (row.role, row.manufacturer, row.model, row.serial, row.firmware, row.calibration)))
            for row in run.instruments
        ],
        "decision-rule": run.decision_rule,
        "integrity": [*run.integrity.in_report],
        "empty-fields": run.not_stated,
        "persons": [{"name": stated(row.get("name")), "role": stated(row.get("role"))} for row in run.persons],
    }


def stated(value: object) -> str | None:
    """Return ``value`` as text; None if it is missing, or a dash that stands for what is to be filled in by hand."""
    text = "" if value is None else str(value).strip()
    return text if text.strip("-\u2013\u2014") and text != NOT_STATED else None


def facts(rows: list[Fact]) -> list[tuple[str, str | None]]:
    return [(label, stated(value)) for label, value in rows]


def _waived(run: RunView) -> str | None:
    """Return how many failures were accepted beforehand, in words; None if there is none."""
    waived = len(run.waivers.waived)
    failed = sum(scenario.verdict is Verdict.FAIL for scenario in run.scenarios)
    if not waived:
        return None
    are = "failure is a known deviation that was" if failed == 1 else "failures are known deviations that were"
    return f"{waived} of {failed} {are} accepted: see Waivers."


def shortened(sentences: list[str], what: str) -> list[str]:
    """Return the first of the sentences, and how many more the report has."""
    more = len(sentences) - MOST_SENTENCES
    if more <= 0:
        return [*sentences]
    return [*sentences[:MOST_SENTENCES], f"The report of this run lists {more} more {what}."]


def _described(text: str | None, *, tested: bool) -> str | None:
    description = stated(text)
    return description if tested else f"{description or 'not stated'} (not tested in this run)"


def _requirement(row: RequirementRow) -> dict[str, Json]:
    others = sum(scenario.verdict is not Verdict.PASS for scenario in row.scenarios)
    number = len(row.scenarios)
    return {
        "id": row.id,
        "text": row.text,
        "scenarios": f"{number}, {others} no pass" if others else str(number),
        "verdict": row.verdict.value,
    }


def _closest(scenarios: Sequence[ScenarioView]) -> list[list[Json]]:
    """Return the measured quantities whose margins are the smallest shares of their limits, one row for each name.

    Money and counts are left out: they are exact, and meet a limit mostly without any margin.
    """
    rows: dict[str | None, tuple[float, FindingRow, int]] = {}
    for scenario in scenarios:
        for finding in scenario.findings:
            share = finding.margin_share
            if share is None or not finding.taken or finding.rule == Rule.EXACT.value:
                continue
            if finding.name not in rows or share < rows[finding.name][0]:
                rows[finding.name] = share, finding, scenario.number
    nearest = sorted(rows.values(), key=lambda row: row[0])[:MOST_MEASUREMENTS]
    return [
        [finding.name, _with_spread(finding), finding.limit, str(number), finding.verdict.value]
        for _, finding, number in nearest
    ]


def _with_spread(finding: FindingRow) -> str:
    spread = f" ± {finding.uncertainty}" if finding.uncertainty is not None else ""
    return " ".join(filter(None, (f"{finding.value}{spread}", finding.unit)))
