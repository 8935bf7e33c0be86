"""The detail of a scenario in blocks. The layout is written once, here, and drawn in two places.

The page draws it on demand (``assets/scenario.js``); the template draws it for paper and for a page without scripts
(``templates/scenario.html.j2``). All texts are made visible here, and long ones shortened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from hil.evidence.documents import Event, Json, Verdict
from hil.report.scenario.detail import Block, Detail
from hil.report.scenario.frame_rows import MOST_ROWS, FrameRow
from hil.report.scenario.rows import FindingRow, StepRow
from hil.report.scenario.timeline_data import Timeline
from hil.report.scenario.view import ScenarioView
from hil.report.text_format import NOT_RECORDED, instant, number_of, printed, satoshi, text_of
from hil.units import format_quantity

Cell: TypeAlias = "str | Mapping[str, Json] | None"


def detail_of(
    view: ScenarioView,
    timeline: Timeline,
    transactions: Sequence[Event],
    frames: Sequence[FrameRow],
    attached: Sequence[Event],
) -> Detail:
    """Return all that the report tells of a scenario."""
    blocks = [*_story(view), _findings(view), *_budgets(view)]
    blocks += [] if timeline.empty else [{"kind": "plot"}]
    blocks += [
        *_account(view),
        _steps(view),
        *_transactions(transactions),
        *_attached(attached),
        *_faults(view),
        *_frames(frames),
        *_ending(view),
    ]
    return Detail(_clean(_head(view)), _clean(blocks), None if timeline.empty else timeline, view.focus)


def _step_verdict(step: StepRow, scenario: ScenarioView) -> Verdict | None:
    """Return the word for a step; one that failed takes the verdict of its scenario, which says who is to blame."""
    if step.outcome == "failed":
        mild = scenario.verdict in {Verdict.PASS, Verdict.NOT_RUN, Verdict.NOT_APPLICABLE}
        return Verdict.FAIL if mild else scenario.verdict
    return {"passed": Verdict.PASS, "not run": Verdict.NOT_RUN}.get(step.outcome)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return printed(value)
    if isinstance(value, Mapping):
        return {key: _clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    return NOT_RECORDED if value is None else value


def _head(view: ScenarioView) -> dict[str, Any]:
    facts: list[tuple[str, str | None]] = [("rule", view.rule)] if view.rule else []
    facts += [("set-up", view.setup), ("seed", view.seed), ("clock", view.clock), ("took", instant(view.duration))]
    return {
        "number": view.number,
        "name": view.name,
        "verdict": view.verdict.value,
        "place": view.place,
        "tags": [tag if tag.startswith("@") else f"@{tag}" for tag in view.tags],
        "facts": facts,
    }


def _text(css: str, label: str, text: str | None, **more: Json) -> Block:
    return {"kind": "text", "class": css, "label": label, "text": text, **more}


def _table(css: str, title: str, columns: str, rows: Sequence[tuple[str, Sequence[Cell]]], **more: Json) -> Block:
    """Return a table; ``columns`` are separated by bars, and ``#`` before a name aligns its numbers."""
    names = [(name.lstrip("#"), "number" if name.startswith("#") else "") for name in columns.split("|")]
    told: list[Json] = [{"class": row_class, "cells": list(cells)} for row_class, cells in rows]
    return {
        "kind": "table",
        "class": css,
        "title": title,
        "columns": [list(name) for name in names],
        "rows": told,
        **more,
    }


def _story(view: ScenarioView) -> list[Block]:
    """Return why it ended as it did, if it did not simply pass."""
    blocks = []
    if view.damage:
        blocks.append(_text("damage", "Incomplete evidence.", view.damage))
    if view.reason:
        blocks.append(_text("reason", "Reason.", view.reason))
    if (step := view.failed_step) is not None:
        words = f"{view.place_of(step) or NOT_RECORDED} {step.keyword} {step.text or NOT_RECORDED}"
        blocks.append(_text("failed-step", "Failing step.", words))
    if view.rerun_command:
        blocks.append(_text("again", "Run it again:", view.rerun_command, code=True))
    return blocks


def _account(view: ScenarioView) -> list[Block]:
    rows = [("", (instant(each.t), each.source, each.words)) for each in view.account.events]
    return [_table("last", view.account.heading.capitalize(), "#Time|Source|What", rows)] if rows else []


def _findings(view: ScenarioView) -> Block:
    if not view.findings:
        return _text("missing", "", "none was recorded", title="Measurements")
    columns = "Verdict|Measurement|#Value|Unit|Limit|#Margin|Rule"
    return _table("findings", "Measurements", columns, [_finding(row) for row in view.findings])


def _finding(row: FindingRow) -> tuple[str, Sequence[Cell]]:
    notes = [f"by {row.sources}"] if row.sources else []
    notes += [row.detail] if row.detail else []
    spread = f" ± {row.uncertainty}" if row.uncertainty is not None else ""
    return row.verdict.value.replace(" ", "-"), (
        {"verdict": row.verdict.value},
        {"text": row.name, "notes": list(notes)},
        f"{row.value}{spread}",
        row.unit,
        row.limit,
        row.margin if row.margin is not None else "\u2013",
        row.rule,
    )


def _budgets(view: ScenarioView) -> list[Block]:
    rows: list[tuple[str, Sequence[Cell]]] = [
        (
            "",
            (row.name if part is row.budget[0] else "", part.name, f"± {part.half_width or NOT_RECORDED}", part.source),
        )
        for row in view.budgeted
        for part in row.budget
    ]
    title = "Uncertainty budgets"
    return [_table("budgets", title, "Measurement|Part|#At most|Source", rows, folded=True)] if rows else []


def _steps(view: ScenarioView) -> Block:
    if not view.steps:
        return _text("missing", "", "none was recorded", title="Steps")
    rows = [(step.outcome.replace(" ", "-"), _step(step, view)) for step in view.steps]
    note = "The list ends where the evidence was cut off; the steps after it are unknown." if view.damage else ""
    return _table("steps", "Steps", "#Line|Step|Outcome|#From|#To|#Took", rows, note=note)


def _step(step: StepRow, view: ScenarioView) -> Sequence[Cell]:
    problem: list[Json] = []
    if step.error:
        told = (("", step.error.what), ("Where:", step.error.place), ("What to do:", step.error.remedy))
        problem = [[label, text] for label, text in told if text]
    verdict = _step_verdict(step, view)
    times = ["\u2013"] * 3
    if step.outcome != "not run":
        times = [instant(each) or NOT_RECORDED for each in (step.started, step.ended, step.took)]
    return (
        step.line,
        {"bold": step.keyword, "text": step.text, "problem": problem},
        {"verdict": verdict.value} if verdict else step.outcome,
        *times,
    )


def _transactions(events: Sequence[Event]) -> list[Block]:
    def amount(event: Event, key: str) -> str:
        return satoshi(number_of(event.data, key)) or "\u2013"

    rows = [
        (
            "",
            (
                instant(event.t),
                text_of(event.data, "event"),
                text_of(event.data, "txid"),
                *(amount(event, key) for key in ("payment_sat", "change_sat", "fee_sat")),
            ),
        )
        for event in events
    ]
    columns = "#Time|Event|Transaction id|#Payment|#Change|#Fee"
    return [_table("transactions", "Transactions", columns, rows)] if rows else []


def _attached(events: Sequence[Event]) -> list[Block]:
    rows = [
        (
            "",
            (
                instant(event.t),
                text_of(event.data, "name"),
                text_of(event.data, "file"),
                format_quantity(number_of(event.data, "bytes") or 0, "count"),
                text_of(event.data, "sha256"),
            ),
        )
        for event in events
    ]
    columns = "#Time|Name|File in the run folder|#Bytes|SHA-256"
    return [_table("attached", "Attached files", columns, rows)] if rows else []


def _faults(view: ScenarioView) -> list[Block]:
    rows: list[tuple[str, Sequence[Cell]]] = [
        ("", (instant(row.t), row.who, _repeated(row.what, row.times, row.last))) for row in view.faults
    ]
    title = "Faults that the scenario asked for"
    return [_table("faults", title, "#Time|Who|What", rows)] if rows else []


def _frames(frames: Sequence[FrameRow]) -> list[Block]:
    rows: list[tuple[str, Sequence[Cell]]] = [
        ("", (instant(row.t), row.source, _repeated(row.what, row.times, row.last))) for row in frames[:MOST_ROWS]
    ]
    if not rows:
        return []
    left = len(frames) - len(rows)
    note = f"{left} further rows are left out; the evidence file holds all messages." if left else ""
    title = f"Messages on the link ({sum(row.times for row in frames)})"
    return [_table("frames", title, "#Time|Line|Message", rows, folded=True, note=note)]


def _repeated(what: str | None, times: int, last: float) -> Cell:
    return {"text": what, "notes": [f"{times} times until {instant(last)}"]} if times > 1 else what


def _ending(view: ScenarioView) -> list[Block]:
    blocks = [_text("tap", "Tap on the link:", f"{view.tap}.")] if view.tap else []
    label = "Safe state (load off, K1 open, K2 open, read back):"
    return [*blocks, _text("safe-state bad" if view.left_unsafe else "safe-state", label, f"{view.safe_state}.")]
