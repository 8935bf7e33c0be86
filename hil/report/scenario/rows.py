"""The rows of a scenario in the report: steps, measurements, faults, each from its event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hil.evidence.documents import Event, Verdict
from hil.evidence.limits import Rule
from hil.report.text_format import Scale, number_of, rows_of, section_of, text_of, verdict_of
from hil.units import format_quantity


@dataclass(frozen=True)
class StepRow:
    """A step as it went; times in seconds."""

    keyword: str
    text: str | None
    line: str | None
    outcome: str
    """``passed``, ``failed`` or ``not run``."""
    started: float | None
    ended: float
    wall: float | None
    """Seconds of this machine's clock that it took."""
    error: Problem | None

    @property
    def took(self) -> float | None:
        """Seconds of the bench's clock; None if it did not run."""
        return None if self.started is None or self.outcome == "not run" else self.ended - self.started


@dataclass(frozen=True)
class Problem:
    """An error as three answers: what, where, what to do next."""

    what: str
    place: str | None = None
    remedy: str | None = None


@dataclass(frozen=True)
class BudgetRow:
    """One reason for which a value may be wrong, by how much at most, and who says so."""

    name: str | None
    half_width: str | None
    source: str | None


@dataclass(frozen=True)
class FindingRow:
    """A measurement as printed: numbers in one unit, with as many decimals as the uncertainty is worth."""

    name: str | None
    value: str | None
    uncertainty: str | None
    unit: str
    limit: str | None
    margin: str | None
    rule: str | None
    sources: str | None
    """Whose word it rests on."""
    taken: bool
    verdict: Verdict
    detail: str | None
    text: str
    """The sentence that the bench wrote when it decided."""
    budget: list[BudgetRow]
    """What its uncertainty consists of, as far as that was recorded."""
    margin_share: float | None
    """Margin as a share of the limit, to find what came closest to it; None if it cannot be told."""
    at: float | None = None
    """The instant that it is about, in seconds of the bench's clock; None if it names none."""


@dataclass(frozen=True)
class FaultRow:
    """A fault that the scenario asked for; the same fault of many messages of one type is one row."""

    t: float
    who: str | None
    what: str | None
    times: int
    last: float


def step_row(event: Event) -> StepRow:
    """Return the row of a STEP event."""
    data = event.data
    return StepRow(
        keyword=text_of(data, "keyword") or "",
        text=text_of(data, "text"),
        line=text_of(data, "line"),
        outcome=text_of(data, "outcome") or "not recorded",
        started=number_of(data, "started"),
        ended=event.t,
        wall=number_of(event.host or {}, "wall_s"),
        error=_problem(data),
    )


def fault_rows(events: Iterable[Event]) -> list[FaultRow]:
    """Return the rows of FAULT events; the same fault of many messages, or the same deceit in each, is one row."""
    rows: dict[object, FaultRow] = {}
    for number, event in enumerate(events):
        who, what = text_of(event.data, "who"), text_of(event.data, "what")
        key = what if "fault" in event.data or event.source == "counterpart" else number
        first = rows.get(key)
        rows[key] = FaultRow(first.t if first else event.t, who, what, first.times + 1 if first else 1, event.t)
    return list(rows.values())


def finding_row(data: Mapping[str, Any]) -> FindingRow:
    """Return the row of a VERDICT event's data."""
    unit = text_of(data, "unit") or ""
    low, value, margin = number_of(data, "low"), number_of(data, "value"), number_of(data, "margin")
    uncertainty = number_of(data, "uncertainty")
    limits = [limit for limit in (number_of(data, "limit_low"), number_of(data, "limit_high")) if limit is not None]
    reference = max((abs(limit) for limit in limits), default=abs(value or 0.0))
    exact = data.get("rule") == Rule.EXACT.value
    scale = Scale(unit, reference, None if exact else uncertainty)
    censored = data.get("censored") is True and low is not None
    printed = "not taken"
    if value is not None:
        printed = scale.number(value)
    elif censored and low is not None:
        printed = f"> {scale.number(low)}"
    sources = data.get("sources")
    return FindingRow(
        name=text_of(data, "name"),
        value=printed,
        uncertainty=None if exact or value is None or uncertainty is None else scale.number(uncertainty),
        unit=scale.unit,
        limit=text_of(data, "limit"),
        margin=None if margin is None else scale.number(margin, signed=True),
        rule=text_of(data, "rule"),
        sources=", ".join(map(str, sources)) if isinstance(sources, list) else None,
        taken=value is not None or censored,
        verdict=verdict_of(data) or Verdict.NOT_RUN,
        detail=text_of(data, "detail"),
        text=text_of(data, "text") or text_of(data, "name") or "not recorded",
        budget=[_part(row) for row in rows_of(data, "budget")],
        margin_share=margin / reference if margin is not None and reference else None,
        at=number_of(data, "at"),
    )


def _part(row: Mapping[str, Any]) -> BudgetRow:
    half_width = number_of(row, "half_width")
    words = None if half_width is None else format_quantity(half_width, text_of(row, "unit") or "").strip()
    return BudgetRow(text_of(row, "name"), words, text_of(row, "source"))


def _problem(data: Mapping[str, Any]) -> Problem | None:
    error = section_of(data, "error")
    if error:
        what = text_of(error, "what") or text_of(error, "text") or text_of(data, "error") or "not recorded"
        return Problem(what, text_of(error, "place"), text_of(error, "remedy"))
    sentence = text_of(data, "error")
    return Problem(sentence) if sentence else None
