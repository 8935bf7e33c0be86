"""One scenario as the report tells it: events in, plain rows out. Nothing here decides anything anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.limits import Rule
from hil.evidence.record import ScenarioRecord
from hil.evidence.verdicts import worst
from hil.report.drawing import Plot, plot_of
from hil.report.recent_events import Account, account
from hil.report.text_format import Scale, number_of, rows_of, section_of, text_of, verdict_of
from hil.report.timeline import Timeline, timeline_of
from hil.units import format_quantity

_NOTHING_DRIVEN = frozenset({Verdict.NOT_APPLICABLE, Verdict.NOT_RUN, Verdict.AUTHOR_ERROR})
"""Verdicts of scenarios that may never have touched the bench, so that no safe state had to be reached."""

_NOTHING_TO_EXPLAIN = frozenset({Verdict.PASS, Verdict.NOT_APPLICABLE})


@dataclass(frozen=True)
class StepRow:
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


@dataclass(frozen=True)
class FaultRow:
    """A fault that the scenario asked for; what befell many messages of one type alike is one row."""

    t: float
    who: str | None
    what: str | None
    times: int
    last: float


@dataclass(frozen=True)
class ScenarioView:
    number: int
    name: str
    feature: str | None
    rule: str | None
    """The Gherkin rule that it illustrates, if it stands in one."""
    line: str | None
    tags: list[str]
    setup: str | None
    seed: str | None
    verdict: Verdict
    reason: str | None
    duration: float | None
    clock: str | None
    steps: list[StepRow]
    findings: list[FindingRow]
    transactions: list[Event]
    faults: list[FaultRow]
    timeline: Timeline
    plot: Plot | None
    """Drawn with the rest, as that is done on all processors; None if the timeline shows nothing."""
    tap: str | None
    """What the tap between two real devices added, in words; None if there was none."""
    safe_state: str
    safe: bool
    account: Account
    """What happened where it failed; without happenings if it ended well."""
    again: str | None
    """The command that runs it alone with the same seed."""
    damage: str | None
    """Set when the evidence stops before the scenario did; says what is missing."""

    @property
    def place(self) -> str | None:
        """``feature:line``, as far as it was recorded."""
        return f"{self.feature}:{self.line}" if self.feature and self.line else self.feature

    @property
    def budgeted(self) -> list[FindingRow]:
        """The measurements of which it is recorded what their uncertainty consists of."""
        return [row for row in self.findings if row.budget]

    @property
    def failed_step(self) -> StepRow | None:
        """The step that ended the scenario."""
        return next((step for step in self.steps if step.outcome == "failed"), None)

    def place_of(self, step: StepRow) -> str | None:
        """``feature:line`` of a step."""
        return f"{self.feature}:{step.line}" if self.feature and step.line else None

    @property
    def left_unsafe(self) -> bool:
        """Whether nothing shows that the safe state was reached, although the bench may have been driven."""
        return not self.safe and (self.damage is not None or self.verdict not in _NOTHING_DRIVEN)

    @property
    def not_run(self) -> int:
        return sum(step.outcome == "not run" for step in self.steps)

    @property
    def measured(self) -> bool:
        """Whether it says something of the requirements that it names: not a pass without a measurement taken."""
        return self.verdict is not Verdict.PASS or any(row.taken for row in self.findings)

    @property
    def why(self) -> str:
        """The shortest honest reason: the cut, else the measurements that decided, else what was recorded."""
        decisive = "; ".join(row.text for row in self.findings if row.verdict is self.verdict)
        errors = "; ".join(" ".join(filter(None, (s.error.what, s.error.remedy))) for s in self.steps if s.error)
        return self.damage or decisive or self.reason or errors or "no reason recorded"


def view_scenario(number: int, record: ScenarioRecord) -> ScenarioView:
    """Tell the scenario from its events, of which it keeps the transactions; whatever is missing stays None."""
    start = next(record.of(Kind.START), None)
    begin: Mapping[str, Any] = start.data if start else {}
    begin_host: Mapping[str, Any] = (start.host if start else None) or {}
    stop = next(record.of(Kind.STOP), None)
    end: Mapping[str, Any] = stop.data if stop else {}
    findings = [_finding(event.data) for event in record.of(Kind.VERDICT)]
    tags = begin.get("tags")
    safe, safe_state = _safe_state(end)
    verdict = verdict_of(end) or Verdict.NOT_RUN
    timeline = timeline_of(record)
    return ScenarioView(
        number=number,
        name=text_of(begin, "name") or record.name,
        feature=text_of(begin, "feature"),
        rule=text_of(begin, "rule"),
        line=text_of(begin, "line"),
        tags=[str(tag) for tag in tags] if isinstance(tags, list) else [],
        # a scenario's own steps name the set-up, so it is known when it stops rather than when it starts
        setup=text_of(begin, "setup") or text_of(end, "setup"),
        seed=text_of(begin, "seed"),
        verdict=verdict,
        reason=text_of(end, "reason"),
        duration=record.events[-1].t if record.events else None,
        clock=record.events[0].clock if record.events else None,
        steps=[_step(event) for event in record.of(Kind.STEP)],
        findings=findings,
        transactions=list(record.of(Kind.TRANSACTION)),
        faults=_faults(record.of(Kind.FAULT)),
        timeline=timeline,
        plot=plot_of(timeline),
        tap=next((_tap(event) for event in record.of(Kind.READING) if event.source == "tap"), None),
        safe_state=safe_state,
        safe=safe,
        account=Account(None, []) if verdict in _NOTHING_TO_EXPLAIN else account(_until_it_failed(record.events)),
        again=None if verdict in _NOTHING_TO_EXPLAIN else text_of(begin_host, "again"),
        damage=_damage(record, stop),
    )


def contradiction(view: ScenarioView) -> str | None:
    """Return a warning if the verdict of the scenario is milder than what its own measurements and steps say."""
    found = [row.verdict for row in view.findings]
    found += [Verdict.FAIL for step in view.steps if step.outcome == "failed"]
    unfinished = view.not_run or Verdict.NOT_RUN in found
    if view.verdict is Verdict.PASS and (unfinished or worst([Verdict.PASS, *found]) is not Verdict.PASS):
        return f"Scenario {view.number} is recorded as a pass, although not all its steps and measurements passed."
    return None


def _until_it_failed(events: list[Event]) -> list[Event]:
    """Return the events up to the step that failed, all if none did: how the bench became safe did not lead there."""
    for number, event in enumerate(events):
        if event.kind is Kind.STEP and event.data.get("outcome") == "failed":
            return events[:number]
    return events


def _faults(events: Iterable[Event]) -> list[FaultRow]:
    rows: dict[object, FaultRow] = {}
    for number, event in enumerate(events):
        who, what = text_of(event.data, "who"), text_of(event.data, "what")
        key = what if "fault" in event.data else number
        first = rows.get(key)
        rows[key] = FaultRow(first.t if first else event.t, who, what, first.times + 1 if first else 1, event.t)
    return list(rows.values())


def _tap(event: Event) -> str:
    def both(data: Mapping[str, Any], name: str) -> str:
        median, largest = (number_of(data, f"{name}_{which}_s") for which in ("median", "largest"))
        if median is None or largest is None:
            return "a time that was not recorded"
        return f"{format_quantity(median, 's')} (median), at most {format_quantity(largest, 's')}"

    count = number_of(event.data, "chunks") or 0
    return (
        f"carried {format_quantity(count, 'count')} chunks between the devices. Each crosses two serial lines instead"
        f" of one, which adds up to {both(event.data, 'sent_again')}; passing it on took"
        f" {both(event.host or {}, 'forwarding')} of wall time"
    )


def _damage(record: ScenarioRecord, stop: Event | None) -> str | None:
    after = f"; the last whole event is at {record.events[-1].t:.3f} s" if record.events else ""
    if record.damage is not None:
        return f"The evidence file is cut off: {record.damage}{after}. What came later is not known."
    if stop is None:
        return f"The evidence ends without a stop event{after}. What came later is not known."
    if verdict_of(stop.data) is None:
        return "The stop event holds no verdict that this report knows."
    return None


def _safe_state(end: Mapping[str, Any]) -> tuple[bool, str]:
    safe = section_of(end, "safe_state")
    seconds = number_of(safe, "seconds")
    took = f", {seconds:.3f} s after it was asked for" if seconds is not None else ", time not recorded"
    if safe.get("reached") is True:
        return True, "; ".join(filter(None, [f"reached{took}", text_of(safe, "remarks")]))
    if safe.get("reached") is False:
        return False, "NOT reached"
    return False, "not recorded"


def _step(event: Event) -> StepRow:
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


def _problem(data: Mapping[str, Any]) -> Problem | None:
    error = section_of(data, "error")
    if error:
        what = text_of(error, "what") or text_of(error, "text") or text_of(data, "error") or "not recorded"
        return Problem(what, text_of(error, "place"), text_of(error, "remedy"))
    sentence = text_of(data, "error")
    return Problem(sentence) if sentence else None


def _finding(data: Mapping[str, Any]) -> FindingRow:
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
    )


def _part(row: Mapping[str, Any]) -> BudgetRow:
    half_width = number_of(row, "half_width")
    words = None if half_width is None else format_quantity(half_width, text_of(row, "unit") or "").strip()
    return BudgetRow(text_of(row, "name"), words, text_of(row, "source"))
