"""Tells a scenario from its events. Nothing here decides anything anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.record import ScenarioRecord
from hil.report.scenario.blocks import detail_of
from hil.report.scenario.detail import pack_detail
from hil.report.scenario.frame_rows import frame_rows
from hil.report.scenario.recent_events import Account, account
from hil.report.scenario.rows import fault_rows, finding_row, step_row
from hil.report.scenario.timeline_data import timeline_of
from hil.report.scenario.view import ScenarioView
from hil.report.text_format import moment, number_of, section_of, text_of, verdict_of
from hil.units import format_quantity

_NOTHING_TO_EXPLAIN = frozenset({Verdict.PASS, Verdict.NOT_APPLICABLE})


def view_scenario(number: int, record: ScenarioRecord) -> ScenarioView:
    """Tell the scenario from its events, of which it keeps none; whatever is missing stays None."""
    events: dict[Kind, list[Event]] = defaultdict(list)
    for event in record.events:
        events[event.kind].append(event)
    start = next(iter(events[Kind.START]), None)
    begin: Mapping[str, Any] = start.data if start else {}
    begin_host: Mapping[str, Any] = (start.host if start else None) or {}
    stop = next(iter(events[Kind.STOP]), None)
    end: Mapping[str, Any] = stop.data if stop else {}
    tags = begin.get("tags")
    safe, safe_state = _safe_state(end)
    verdict = verdict_of(end) or Verdict.NOT_RUN
    view = ScenarioView(
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
        began=text_of(begin_host, "wall"),
        wall=_wall(begin_host, (stop.host if stop else None) or {}),
        clock=record.events[0].clock if record.events else None,
        steps=[step_row(event) for event in events[Kind.STEP]],
        findings=[finding_row(event.data) for event in events[Kind.VERDICT]],
        faults=fault_rows(events[Kind.FAULT]),
        identities=_identities(events[Kind.DEVICE]),
        tap=next((_tap(event) for event in events[Kind.READING] if event.source == "tap"), None),
        safe_state=safe_state,
        safe=safe,
        account=Account(None, []) if verdict in _NOTHING_TO_EXPLAIN else account(_until_it_failed(record.events)),
        rerun_command=None if verdict in _NOTHING_TO_EXPLAIN else text_of(begin_host, "again"),
        damage=_damage(record, stop),
    )
    frames = frame_rows(events[Kind.FRAME])
    detail = detail_of(view, timeline_of(record), events[Kind.TRANSACTION], frames, events[Kind.ATTACHMENT])
    return replace(view, packed=pack_detail(detail))


def _wall(begin: Mapping[str, Any], end: Mapping[str, Any]) -> float | None:
    began, ended = moment(text_of(begin, "wall")), moment(text_of(end, "wall"))
    return None if began is None or ended is None or ended < began else (ended - began).total_seconds()


def _row(recorded: object) -> dict[str, str]:
    """Return a row of Examples as it was recorded: pairs of column and value, in the order of the columns."""
    pairs = recorded if isinstance(recorded, list) else []
    return {str(pair[0]): str(pair[1]) for pair in pairs if isinstance(pair, list) and len(pair) == 2}


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
        if stop is not None:
            return f"The evidence file is damaged: {record.damage}. What is missing is not known."
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


def _identities(events: list[Event]) -> dict[str | None, str]:
    """Return what the programs of the devices said that they are, by role: one after the other, where they changed."""
    said: dict[str | None, list[str]] = {}
    for event in events:
        identity = text_of(event.data, "identity")
        if identity is not None and said.setdefault(event.source, [])[-1:] != [identity]:
            said[event.source].append(identity)
    return {role: ", then ".join(words) for role, words in said.items()}
