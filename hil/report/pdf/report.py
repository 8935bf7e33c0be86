"""What the report says on paper: the statement of the certificate, then each scenario with its measurements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hil.evidence.documents import Verdict
from hil.report.pdf.certificate import certificate_content
from hil.report.pdf.timeline import picture_of
from hil.report.run_view import RunView
from hil.report.scenario.rules import MARGIN, RULES
from hil.report.scenario.view import ScenarioView
from hil.report.text_format import NOT_RECORDED, instant

ALL_IN_FULL = 60
"""Scenarios of a run up to which each is told in full; in a larger run, those that passed are told in short."""

_SHORT = frozenset({"findings"})
"""The tables of a scenario that passed, in a large run."""

_BROAD = {"Measurement", "Step", "What", "Transaction id", "Message", "Source"}
"""Columns that take the room that is left."""


def report_content(run: RunView) -> tuple[dict[str, Any], dict[str, str]]:
    """Return everything that ``report.typ`` prints, and the pictures that it reads, by their names.

    Uncertainty budgets and messages on the link are left out: HTML report and evidence have them.
    """
    in_full = len(run.scenarios) <= ALL_IN_FULL
    pictures: dict[str, str] = {}
    scenarios = [
        _scenario(view, pictures, in_full=in_full or view.verdict is not Verdict.PASS) for view in run.scenarios
    ]
    return {
        **certificate_content(run),
        "scenarios": scenarios,
        "rules": RULES,
        "margin": MARGIN,
        "short": not in_full,
    }, pictures


def _scenario(view: ScenarioView, pictures: dict[str, str], *, in_full: bool) -> dict[str, Any]:
    detail = view.detail
    blocks = [block for block in detail.blocks if not block.get("folded")]
    plot = None
    if not in_full:
        blocks = [block for block in blocks if block.get("class") in _SHORT]
    elif (timeline := detail.timeline) is not None:
        plot = {
            "file": f"timeline-{view.number}.svg",
            "words": " ".join([*timeline.notes, timeline.words]).strip() or f"Timeline of {view.name}",
        }
        pictures[plot["file"]] = picture_of(timeline, view.name)
    return {
        "head": detail.head,
        "took": instant(view.duration) or NOT_RECORDED,
        "blocks": [_with_widths(block) for block in blocks],
        "plot": plot,
    }


def _with_widths(block: Mapping[str, Any]) -> Mapping[str, Any]:
    if block["kind"] != "table":
        return block
    broad = [int(name in _BROAD) for name, _ in block["columns"]]
    return {**block, "widths": broad if any(broad) else [1] * len(broad)}
