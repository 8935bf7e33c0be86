"""What a page may run: our own scripts and style sheet, by their hashes, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from markupsafe import Markup

from hil.report.text_format import printed

_SCRIPTS = ("plot.js", "scenario.js", "report.js")


@dataclass(frozen=True)
class Assets:
    """Style sheet and scripts of a page, and the content security policy under which only these work."""

    style: Markup
    scripts: Sequence[Markup]
    policy: str


def assets(run_id: str, *, scripts: bool) -> Assets:
    """Return what belongs into a page about the run.

    :param scripts: whether it has any; a page for paper has none.
    """
    style = asset("uplot/uPlot.min.css") + asset("report.css") + _page_footer(run_id)
    library = f"/*\n{asset('uplot/LICENSE')}*/\n{asset('uplot/uPlot.iife.min.js')}"
    texts = [library, *map(asset, _SCRIPTS)] if scripts else []
    # not escaped: these are our own files, and their hashes stand in the policy
    return Assets(Markup(style), [Markup(text) for text in texts], policy_of(texts, style))  # noqa: S704


def asset(name: str) -> str:
    """Return a file of our own for a page."""
    return (files("hil.report") / "assets" / name).read_text(encoding="utf-8")


def policy_of(scripts: Sequence[str], style: str) -> str:
    """Return a content security policy under which only these scripts and this style sheet work."""
    allowed = " ".join(_hash(script) for script in scripts) or "'none'"
    return f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _page_footer(run_id: str) -> str:
    """Return the rule that prints the run's id and the page number on each page (ISO/IEC 17025, 7.8.2.1 d)."""
    # a CSS string ends at a quote or a line end, and the style element at "</": escape all but plain characters
    name = re.sub(r"[^A-Za-z0-9 ._-]", lambda match: f"\\{ord(match[0]):x} ", printed(run_id))
    look = "font: 8pt Arial, 'Liberation Sans', sans-serif; color: #566173;"
    return (
        f'@page {{ @bottom-left {{ content: "Run {name}"; {look} }}'
        f' @bottom-right {{ content: "Page " counter(page) " of " counter(pages); {look} }} }}'
    )
