"""Trends and comparisons in words: the same for the page and the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from hil.history.comparison import Change, Comparison
from hil.history.statistics.capability import Capability
from hil.history.statistics.yields import Yield
from hil.history.trend import Trend
from hil.report.text_format import MARKS, date, on_a_line, printed
from hil.units import format_quantity

NONE = "\u2013"

MOST_SIGNALS = 20
"""Of a trend on the terminal: the newest."""


@dataclass(frozen=True)
class SignalRow:
    """A signal as it is printed."""

    when: str
    run: str
    value: str
    rule: str
    firmware: str


def quantity(value: float, unit: str) -> str:
    """Return a value with its unit."""
    return format_quantity(value, unit).strip()


def index(found: Capability | None) -> str:
    """Return Cpk with its interval."""
    if found is None:
        return NONE
    low, high = found.cpk_interval
    return f"{found.cpk:.2f} ({low:.2f} to {high:.2f})"


def share(found: Yield | None) -> str:
    """Return a yield with its interval."""
    if found is None:
        return NONE
    low, high = found.interval
    return f"{found.share:.0%}, {found.passed} of {found.count} ({low:.0%} to {high:.0%})"


def limit(trend: Trend) -> str:
    """Return what is required."""
    low, high = trend.limit_low, trend.limit_high
    sides = [f"≥ {quantity(low, trend.unit)}"] if low is not None else []
    sides += [f"≤ {quantity(high, trend.unit)}"] if high is not None else []
    return " and ".join(sides) or NONE


def facts(trend: Trend) -> list[tuple[str, str]]:
    """Return what a reader asks first, each with its name."""
    unit, limits, found = trend.unit, trend.limits, trend.capability
    rows = [("Values", str(len(trend.points))), ("Required", limit(trend))]
    if limits is not None:
        lower, center, upper = (quantity(each, unit) for each in (limits.lower, limits.center, limits.upper))
        rows.append(("Control limits", f"{lower} to {upper}, center {center}; from {trend.baseline}"))
    rows.append(("Signals", f"{len({each.index for each in trend.signals})} values"))
    if found is not None and found.cp is not None and found.cp_interval is not None:
        rows.append(("Cp", f"{found.cp:.2f} ({found.cp_interval[0]:.2f} to {found.cp_interval[1]:.2f})"))
    rows.append(("Cpk", index(found)))
    rows.append(("First-pass yield", share(trend.first_pass)))
    return rows


def signals(trend: Trend) -> list[SignalRow]:
    """Return the values that complete a rule, oldest first, each with all the rules that it completes."""
    rows = []
    for number, group in groupby(trend.signals, key=lambda each: each.index):
        point, value = trend.points[number], trend.values[number]
        rule = "; ".join(f"{each.rule.words} ({'above' if each.above else 'below'})" for each in group)
        when = date(point.began) or NONE
        rows.append(SignalRow(when, point.run_id, quantity(value, trend.unit), rule, point.firmware or "not stated"))
    return rows


def _line(text: str) -> str:
    return printed(on_a_line(text))


def trend_lines(trend: Trend) -> Iterator[str]:
    """Yield the lines of a trend for the terminal."""
    yield _line(f"{trend.measurement}  ({trend.scenario})")
    for name, value in facts(trend):
        yield _line(f"  {name:<17}{value}")
    rows = signals(trend)
    if (older := len(rows) - MOST_SIGNALS) > 0:
        yield f"  {older} older values with signals"
    for row in rows[-MOST_SIGNALS:]:
        yield _line(f"  signal: {row.when}  {row.value}: {row.rule}; run {row.run}, firmware {row.firmware}")
    if len(trend.versions) > 1:
        for version in trend.versions:
            told = f"{version.count} values, mean {quantity(version.mean, trend.unit)}, Cpk {index(version.capability)}"
            yield _line(f"  firmware {version.firmware}: {told}, first-pass yield {share(version.first_pass)}")
    for flaky in trend.flaky:
        yield _line(f"  flaky: {flaky.passed} passed, {flaky.failed} failed with commit {flaky.unit[2]}")
    for remark in trend.remarks:
        yield _line(f"  {remark}")


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """Yield the lines of a comparison for the terminal."""
    yield _line(f"{comparison.after.run_id} against {comparison.before.run_id}")
    for fault in comparison.faults:
        yield _line(f"! {fault}")
    sections = (
        ("worse than before", comparison.worse),
        ("better than before", comparison.better),
        ("new", comparison.added),
        ("gone", comparison.removed),
    )
    for title, changes in sections:
        yield f"{title}: {len(changes) or 'none'}"
        for change in changes:
            yield _line(f"  {_change(change)}  {change.scenario}")
    yield f"moved by more than their uncertainty: {len(comparison.moved) or 'none'}"
    for each in comparison.moved:
        before, after = quantity(each.before, each.unit), quantity(each.after, each.unit)
        by, bound = quantity(each.by, each.unit), quantity(each.uncertainty, each.unit)
        yield _line(f"  {each.measurement}: {before} → {after}, by {by} (U {bound})  {each.scenario}")


def _change(change: Change) -> str:
    before, after = (NONE if each is None else f"{MARKS[each]} {each}" for each in (change.before, change.after))
    return f"{before} → {after}"
