"""A study as a page: one HTML file with the look of the report, without a script and without a request."""

from __future__ import annotations

from importlib.resources import files

from hil.history.page import render
from hil.study.report.drawing import deviations, sessions
from hil.study.report.tables import tables
from hil.study.report.words import summary
from hil.study.result import StudyResult


def page(result: StudyResult) -> str:
    """Return the page of a study."""
    plots = [(each, deviations(each), sessions(each)) for each in result.quantities]
    style_sheet = (files("hil.study.report") / "assets/study.css").read_text(encoding="utf-8")
    return render(
        "study.html.j2",
        package="hil.study.report",
        style_sheet=style_sheet,
        result=result,
        tables=tables(result),
        plots=plots,
        summary=summary(result),
    )
