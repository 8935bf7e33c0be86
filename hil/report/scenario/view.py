"""One scenario as the report tells it: events in, plain rows out. Nothing here decides anything anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.record import ScenarioRecord
from hil.evidence.verdicts import worst
from hil.report.scenario.recent_events import Account, account
from hil.report.scenario.rows import FaultRow, FindingRow, StepRow, fault_rows, finding_row, step_row
from hil.report.scenario.timeline_data import Timeline, timeline_of
from hil.report.scenario.timeline_drawing import Plot, plot_of
from hil.report.text_format import number_of, section_of, text_of, verdict_of
from hil.units import format_quantity

_NOTHING_DRIVEN = frozenset({Verdict.NOT_APPLICABLE, Verdict.NOT_RUN, Verdict.AUTHOR_ERROR})
"""Verdicts of scenarios that may never have touched the bench, so that no safe state had to be reached."""

_NOTHING_TO_EXPLAIN = frozenset({Verdict.PASS, Verdict.NOT_APPLICABLE})


@dataclass(frozen=True)
class ScenarioView:
    """What the report says of one scenario; times in seconds of the bench's clock."""

    number: int
    name: str
    feature: str | None
    rule: str | None
    """The Gherkin rule that it illustrates, if it stands in one."""
    line: str | None
    outline: str | None
    """The name of the outline as it is written, of a row of its Examples."""
    row: Mapping[str, str]
    """The values of that row, by column; empty if it is none."""
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
    identities: Mapping[str | None, str]
    """What the programs of the devices said that they are, by role."""
    tap: str | None
    """What the tap between two real devices added, in words; None if there was none."""
    safe_state: str
    safe: bool
    account: Account
    """What happened where it failed; without events if it ended well."""
    rerun_command: str | None
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
        """How many of its steps were not run."""
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
    findings = [finding_row(event.data) for event in record.of(Kind.VERDICT)]
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
        outline=text_of(begin, "outline"),
        row=_row(begin.get("row")),
        tags=[str(tag) for tag in tags] if isinstance(tags, list) else [],
        # a scenario's own steps name the set-up, so it is known when it stops rather than when it starts
        setup=text_of(begin, "setup") or text_of(end, "setup"),
        seed=text_of(begin, "seed"),
        verdict=verdict,
        reason=text_of(end, "reason"),
        duration=record.events[-1].t if record.events else None,
        clock=record.events[0].clock if record.events else None,
        steps=[step_row(event) for event in record.of(Kind.STEP)],
        findings=findings,
        transactions=list(record.of(Kind.TRANSACTION)),
        faults=fault_rows(record.of(Kind.FAULT)),
        timeline=timeline,
        plot=plot_of(timeline),
        identities=_identities(record),
        tap=next((_tap(event) for event in record.of(Kind.READING) if event.source == "tap"), None),
        safe_state=safe_state,
        safe=safe,
        account=Account(None, []) if verdict in _NOTHING_TO_EXPLAIN else account(_until_it_failed(record.events)),
        rerun_command=None if verdict in _NOTHING_TO_EXPLAIN else text_of(begin_host, "again"),
        damage=_damage(record, stop),
    )


def _row(recorded: object) -> dict[str, str]:
    """Return a row of Examples as it was recorded: pairs of column and value, in the order of the columns."""
    pairs = recorded if isinstance(recorded, list) else []
    return {str(pair[0]): str(pair[1]) for pair in pairs if isinstance(pair, list) and len(pair) == 2}


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


def _identities(record: ScenarioRecord) -> dict[str | None, str]:
    """Return what the programs of the devices said that they are, by role: one after the other, where they changed."""
    said: dict[str | None, list[str]] = {}
    for event in record.of(Kind.DEVICE):
        identity = text_of(event.data, "identity")
        if identity is not None and said.setdefault(event.source, [])[-1:] != [identity]:
            said[event.source].append(identity)
    return {role: ", then ".join(words) for role, words in said.items()}
