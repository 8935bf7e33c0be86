"""The acceptance report: one HTML file that needs no network and no script to be read, printed and signed.

All text of the run folder is foreign: it is escaped, its invisible characters are made visible, and a content
security policy allows only the two scripts and the style sheet of this file, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hil.clock import utc_now
from hil.evidence.documents import Event, Verdict
from hil.evidence.store import replace_file
from hil.report.integrity import DERIVED_FILES
from hil.report.run_view import RunView
from hil.report.scenario.rows import StepRow
from hil.report.scenario.timeline_data import Timeline
from hil.report.scenario.timeline_drawing import Drawing
from hil.report.scenario.view import ScenarioView
from hil.report.text_format import MARKS, NOT_RECORDED, date, instant, number_of, satoshi, text_of, visible

REPORT_FILE = "report.html"

_MARK_WORDS = [
    ("accepted", "payment accepted"),
    ("refused", "refusal on the link"),
    ("ledger", "change on the ledger"),
    ("link", "message on the link lost, damaged or held back"),
    ("load", "load set anew"),
    ("fault", "fault that the scenario asked for"),
    ("off", "power went off"),
]

_VERDICT_WORDS = [
    (Verdict.PASS, "within the limit"),
    (Verdict.FAIL, "beyond the limit, or never measured"),
    (Verdict.INCONCLUSIVE, "this rig cannot decide"),
    (Verdict.RIG_FAULT, "the bench failed"),
    (Verdict.AUTHOR_ERROR, "the feature or configuration file is wrong"),
    (Verdict.FRAMEWORK_ERROR, "a mistake in the code of the framework or of a step"),
    (Verdict.NOT_APPLICABLE, "this bench cannot offer it"),
    (Verdict.NOT_RUN, "not carried out, or not to its end"),
]


@dataclass(frozen=True)
class _Plot:
    timeline: Timeline
    static: Drawing
    data: Markup


def write_html(run: RunView, folder: Path | None = None) -> Path:
    """Write ``report.html`` into the run folder, or another, and return its path; an earlier report is replaced.

    Call it after ``RunWriter.finish``: the report states verdict, digest and whether the manifest still holds. Of a
    run that was never finished it shows what there is and says so.
    """
    path = (folder or run.folder) / REPORT_FILE
    replace_file(path, _parts(run))
    return path


def render(run: RunView) -> str:
    """Return the report of ``run`` as the text of an HTML file."""
    return "".join(_parts(run))


def _parts(run: RunView) -> Iterator[str]:
    style = _asset("uplot/uPlot.min.css") + _asset("report.css") + _page_footer(run.run_id)
    library = f"/*\n{_asset('uplot/LICENSE')}*/\n{_asset('uplot/uPlot.iife.min.js')}"
    script = _asset("report.js")
    return (
        _environment()
        .get_template("report.html.j2")
        .generate(
            run=run,
            plot=_plot,
            policy=_policy([library, script], style),
            # not escaped: these three are our own files, and their hashes stand in the policy
            style=Markup(style),  # noqa: S704
            plot_library=Markup(library),  # noqa: S704
            script=Markup(script),  # noqa: S704
            written=f"{utc_now():%Y-%m-%d %H:%M:%S} UTC",
            derived=sorted(DERIVED_FILES),
        )
    )


def _plot(scenario: ScenarioView) -> _Plot | None:
    if scenario.plot is None:
        return None
    # not escaped: script_json has already made it safe for a script element
    return _Plot(scenario.timeline, scenario.plot.static, Markup(scenario.plot.data))  # noqa: S704


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hil.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "date": date,
        "instant": instant,
        "text": text_of,
        "amount": _amount,
        "step_verdict": _step_verdict,
    }
    environment.globals |= {
        "marks": MARKS,
        "verdicts": list(Verdict),
        "meanings": _VERDICT_WORDS,
        "mark_words": _MARK_WORDS,
    }
    return environment


def _finalize(value: object) -> object:
    """Say so where nothing was recorded, and leave no invisible character in foreign text."""
    if value is None:
        return NOT_RECORDED
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return value


def _amount(event: Event, key: str) -> str:
    return satoshi(number_of(event.data, key)) or "\u2013"


def _step_verdict(step: StepRow, scenario: ScenarioView) -> Verdict | None:
    """Return the word for a step; one that failed takes the verdict of its scenario, which says who is to blame."""
    if step.outcome == "failed":
        mild = scenario.verdict in {Verdict.PASS, Verdict.NOT_RUN, Verdict.NOT_APPLICABLE}
        return Verdict.FAIL if mild else scenario.verdict
    return {"passed": Verdict.PASS, "not run": Verdict.NOT_RUN}.get(step.outcome)


def _asset(name: str) -> str:
    return (files("hil.report") / "assets" / name).read_text(encoding="utf-8")


def _policy(scripts: list[str], style: str) -> str:
    """Return a content security policy under which only these very scripts and this style sheet work."""
    allowed = " ".join(_hash(script) for script in scripts)
    return f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _page_footer(run_id: str) -> str:
    """Return the rule that prints the run's id and the page number on each page (ISO/IEC 17025, 7.8.2.1 d)."""
    # a CSS string ends at a quote or a line end, and the style element at "</": escape all but plain characters
    name = re.sub(r"[^A-Za-z0-9 ._-]", lambda match: f"\\{ord(match[0]):x} ", visible(run_id))
    look = "font: 8pt Arial, 'Liberation Sans', sans-serif; color: #566173;"
    return (
        f'@page {{ @bottom-left {{ content: "Run {name}"; {look} }}'
        f' @bottom-right {{ content: "Page " counter(page) " of " counter(pages); {look} }} }}'
    )
