"""The pages over many runs: one HTML file each, with the look of the report, no script and no request.

All text of a run is foreign: it is escaped, its invisible characters are made visible, and a long one is cut. A content
security policy allows only the style sheet of the file, by its hash.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hil.clock import utc_now
from hil.report.html.page import finalize
from hil.report.html.policy import asset, policy_of
from hil.report.text_format import MARKS, date

HISTORY = "hil.history"


def render(template: str, *, package: str = HISTORY, style_sheet: str = "", **values: Any) -> str:
    """Return the page that ``template`` makes of ``values``.

    :param package: that has the template in its folder ``templates``; those of the history can be used in it.
    :param style_sheet: that comes on top of those of report and history.
    """
    style = _style() + style_sheet
    written = f"{utc_now():%Y-%m-%d %H:%M:%S} UTC"
    # not escaped: our own style sheet, whose hash stands in the policy
    own = {"style": Markup(style), "policy": policy_of([], style), "written": written}  # noqa: S704
    return _environment(package).get_template(template).render(**own, **values)


@cache
def _style() -> str:
    own = (files(HISTORY) / "assets/history.css").read_text(encoding="utf-8")
    return asset("report.css") + own


@cache
def _environment(package: str) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(HISTORY)]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["date"] = date
    environment.globals["marks"] = MARKS
    return environment
