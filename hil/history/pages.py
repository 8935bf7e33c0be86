"""Trends and comparisons as pages and as JSON."""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Sequence
from typing import Any

from hil.history import words
from hil.history.comparison import Comparison
from hil.history.drawing import chart_of
from hil.history.page import render
from hil.history.trend import Trend

MOST_CHARTS = 24
"""Of a page. All scenarios are in its overview."""


def trend_page(measurement: str, trends: Sequence[Trend]) -> str:
    """Return the page of a measurement."""
    charts = [(trend, chart_of(trend)) for trend in trends[:MOST_CHARTS]]
    left = max(0, len(trends) - MOST_CHARTS)
    return render("trend.html.j2", measurement=measurement, trends=trends, charts=charts, left=left, words=words)


def comparison_page(comparison: Comparison) -> str:
    """Return the page of a comparison."""
    return render("comparison.html.j2", c=comparison, quantity=words.quantity)


def trends_json(trends: Sequence[Trend]) -> str:
    """Return trends for other programs."""
    return json.dumps([_plain(trend) for trend in trends], indent=2, ensure_ascii=False)


def comparison_json(comparison: Comparison) -> str:
    """Return a comparison for other programs; of the two runs only which they are."""
    document = {
        field.name: _plain(getattr(comparison, field.name))
        for field in dataclasses.fields(comparison)
        if field.name not in ("after", "before")
    }
    runs = {"after": comparison.after.run_id, "before": comparison.before.run_id}
    return json.dumps({**runs, **document, "exit_code": int(comparison.exit_code)}, indent=2, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, enum.Enum) and not isinstance(value, str):
        return value.name.lower()
    return value
