"""The outcomes as a table: on the terminal, and as HTML in the style of the reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hil.evidence.run_folder.files import replace_file
from hil.qualify.campaign import LEAST_FOUND, LEAST_NAMED, Tally
from hil.report.text_format import visible

if TYPE_CHECKING:
    from pathlib import Path

    from hil.qualify.trial import Outcome


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return the table for a terminal: what was not found or not named first, each with what a reader needs."""
    lines = [""]
    for each in outcomes:
        if each.result == "found" and each.party and each.cause:
            continue
        lines.append(f"{each.defect} ({each.target}, {each.requirement}): {each.wrong}")
        lines.append(f"    {_verdict(each)}{f': {visible(each.message)}' if each.message else ''}")
    tally = Tally.of(outcomes)
    lines.append(
        f"{tally.tried} defects: {tally.found} found ({_part(tally.found, tally)}, at least {LEAST_FOUND:.0%}), "
        f"{tally.named} with party and cause ({_part(tally.named, tally)}, at least {LEAST_NAMED:.0%})"
    )
    return "\n".join(lines)


def page(outcomes: Sequence[Outcome], argued: Mapping[str, str]) -> str:
    """Return the results as a page of the documentation: counts by side and kind, and what was not found or named.

    :param argued: why a defect is not found, by its id.
    """
    targets = list(dict.fromkeys(each.target for each in outcomes))
    rows = [("kind", *targets), ("---",) * (len(targets) + 1)]
    for kind in sorted({each.kind for each in outcomes}):
        rows.append(
            (
                kind,
                *(
                    _counts([each for each in outcomes if (each.kind, each.target) == (kind, target)])
                    for target in targets
                ),
            )
        )
    rows.append(("**all**", *(_counts([each for each in outcomes if each.target == target]) for target in targets)))
    tally = Tally.of(outcomes)
    lines = [
        f"{tally.tried} defects were tried, {tally.found} were found ({_part(tally.found, tally)}), and of "
        f"{tally.named} ({_part(tally.named, tally)}) the message named party and cause. A cell holds these numbers.",
        "",
        *("| " + " | ".join(row) + " |" for row in rows),
    ]
    rest = [each for each in outcomes if not (each.result == "found" and each.party and each.cause)]
    for each in rest:
        why = argued.get(each.defect, "")
        lines += ["", f"- `{each.defect}`: {each.wrong} *{_verdict(each)}.*{f' {why}' if why else ''}"]
    return "\n".join(lines) + "\n"


def _counts(outcomes: Sequence[Outcome]) -> str:
    tally = Tally.of(outcomes)
    return f"{tally.tried} / {tally.found} / {tally.named}" if outcomes else ""


def _part(count: int, tally: Tally) -> str:
    return f"{count / max(1, tally.tried):.1%}"


def _verdict(outcome: Outcome) -> str:
    if outcome.result != "found":
        return outcome.result if not outcome.scenario else f"{outcome.result}, by {outcome.scenario}"
    missing = [what for what, named in (("party", outcome.party), ("cause", outcome.cause)) if not named]
    return f"found by {outcome.scenario}, without naming the {' and the '.join(missing)}"


def write_html(outcomes: Sequence[Outcome], path: Path) -> None:
    """Write the table as one HTML file without script; foreign text in it is escaped."""
    style = (files("hil.report") / "assets/report.css").read_text(encoding="utf-8")
    page = _environment().get_template("qualify.html.j2")
    # not escaped: the style sheet is our own file
    replace_file(path, page.generate(outcomes=outcomes, tally=Tally.of(outcomes), style=Markup(style)))  # noqa: S704


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("hil.qualify"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
