"""The acceptance report: one HTML file that needs no network to be read, printed and signed.

It has two depths: a certificate, and the report with its index. Each scenario is data in the same file, deflated: a
script unpacks and draws it when it is asked for. Without scripts certificate, index and failures can be read as well.

All text of the run folder is foreign: it is escaped, its invisible characters are made visible, and a content security
policy allows only the scripts and the style sheet of this file, by their hashes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hil.clock import utc_now
from hil.evidence.documents import Verdict
from hil.evidence.run_folder.files import replace_file
from hil.report.html.index import index_of
from hil.report.html.policy import assets
from hil.report.integrity import DERIVED_FILES
from hil.report.run_view import RunView
from hil.report.scenario.rules import MARGIN, RULES, VERDICT_WORDS
from hil.report.scenario.timeline_drawing import draw
from hil.report.text_format import MARKS, NOT_RECORDED, NOT_STATED, date, instant, printed, stated

REPORT_FILE = "report.html"
ANNEX_FILE = "annex.html"


def write_html(run: RunView, folder: Path | None = None) -> Path:
    """Write ``report.html`` into the run folder, or another, and return its path; an earlier report is replaced.

    Call it after ``RunWriter.finish``: the report states verdict, digest and whether the manifest still holds. Of a
    run that was never finished it shows what there is and says so.
    """
    path = (folder or run.folder) / REPORT_FILE
    replace_file(path, _parts(run, "report.html.j2", scripts=True))
    return path


def write_annex(run: RunView) -> Path:
    """Write ``annex.html`` into the run folder and return its path: all scenarios in full, for archive and paper."""
    path = run.folder / ANNEX_FILE
    replace_file(path, _parts(run, "annex.html.j2", scripts=False))
    return path


def render(run: RunView) -> str:
    """Return the report of ``run`` as the text of an HTML file."""
    return "".join(_parts(run, "report.html.j2", scripts=True))


def render_annex(run: RunView) -> str:
    """Return the annex of ``run`` as the text of an HTML file."""
    return "".join(_parts(run, "annex.html.j2", scripts=False))


def _parts(run: RunView, template: str, *, scripts: bool) -> Iterator[str]:
    return (
        _environment()
        .get_template(template)
        .generate(
            run=run,
            index=index_of(run),
            assets=assets(run.run_id, scripts=scripts),
            written=f"{utc_now():%Y-%m-%d %H:%M:%S} UTC",
            derived=sorted(DERIVED_FILES),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hil.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"date": date, "instant": instant, "stated": stated, "base64": _base64}
    environment.globals |= {
        "draw": draw,
        "marks": MARKS,
        # our own marks, and none is special in HTML
        "signs": Markup(orjson.dumps({verdict.value: mark for verdict, mark in MARKS.items()}).decode()),  # noqa: S704
        "not_recorded": NOT_RECORDED,
        "not_stated": NOT_STATED,
        "verdicts": list(Verdict),
        "meanings": VERDICT_WORDS,
        "rules": RULES,
        "margin_words": MARGIN,
    }
    return environment


def finalize(value: object) -> object:
    """Say so where nothing was recorded, and leave no invisible character in foreign text."""
    if value is None:
        return NOT_RECORDED
    if isinstance(value, str) and not isinstance(value, Markup):
        return printed(value)
    return value


def _base64(packed: bytes | str) -> Markup:
    """Return what is in base 64 already, for a script element: it has no character to escape."""
    return Markup(packed.decode() if isinstance(packed, bytes) else packed)  # noqa: S704 - as the docstring says
