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


def render(template: str, *, package: str = "hil.history", **values: Any) -> str:
    """Return the page that ``template`` makes of ``values``.

    :param package: has the template; it may extend those of this package.
    """
    style = _style()
    written = f"{utc_now():%Y-%m-%d %H:%M:%S} UTC"
    # not escaped: our own style sheet, whose hash stands in the policy
    own = {"style": Markup(style), "policy": policy_of([], style), "written": written}  # noqa: S704
    return _environment(package).get_template(template).render(**own, **values)


@cache
def _style() -> str:
    own = (files("hil.history") / "assets/history.css").read_text(encoding="utf-8")
    return asset("report.css") + own


@cache
def _environment(package: str) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("hil.history")]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["date"] = date
    environment.globals["marks"] = MARKS
    return environment
