"""GitHub Actions: annotations in the log (workflow commands) and the summary of the step.

Workflow commands and their limits are described in GitHub's documentation, "Workflow commands for GitHub Actions" and
"Usage limits".
"""

from __future__ import annotations

import re

from hil.evidence.documents import Verdict
from hil.report.ci.problems import Problem, problems_of
from hil.report.run_view import RunView
from hil.report.text_format import MARKS, printed

MOST_ANNOTATIONS = 10
"""GitHub shows so many errors of a step, and so many warnings."""

MOST_ROWS = 200
"""Of the summary's table; GitHub takes 1 MiB of a step."""

_MOST_WORDS = 300
"""Characters of a reason in the summary's table."""


def workflow_commands(run: RunView, prefix: str) -> list[str]:
    """Return a workflow command for each scenario that did not pass; GitHub shows it at the line in the feature file.

    :param prefix: path of the laboratory in the repository.
    """
    lines = []
    problems = problems_of(run)
    for level in ("error", "warning"):
        of_level = [each for each in problems if _level(each) == level]
        shown = of_level if len(of_level) <= MOST_ANNOTATIONS else of_level[: MOST_ANNOTATIONS - 1]
        lines += [_command(level, each, prefix) for each in shown]
        if left := len(of_level) - len(shown):
            text = f"{left} more scenarios did not pass: see the report of run {printed(run.run_id)}"
            lines.append(f"::{level} title=more::{_data(text)}")
    return lines


def _level(problem: Problem) -> str:
    return "warning" if problem.verdict is Verdict.NOT_RUN else "error"


def _command(level: str, problem: Problem, prefix: str) -> str:
    values = {"title": problem.title}
    if problem.feature:
        values = {"file": problem.place(prefix), "line": str(problem.line), **values}
    properties = ",".join(f"{name}={_property(value)}" for name, value in values.items())
    return f"::{level} {properties}::{_data(chr(10).join([problem.why, *problem.details]))}"


def _data(text: str) -> str:
    """Return text as it stands behind ``::``: on one line, so that nothing in it is read as a command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def step_summary(run: RunView) -> str:
    """Return the run as Markdown: verdict, counts, and a row for each scenario that did not pass."""
    verdict = "no verdict" if run.verdict is None else f"{MARKS[run.verdict]} {run.verdict}"
    facts = dict(run.identification) | dict(run.method)
    told = [("Run", run.run_id), *((name, facts.get(name)) for name in ("Rig", "Seed", "Git commit"))]
    told.append(("Evidence digest", facts.get("Evidence digest")))
    lines = [f"## {_markdown(f'{run.title}: {verdict}')}", "", _markdown(run.sentence)]
    lines += ["", _markdown(run.count_words), ""]
    lines += [f"- {name}: {_markdown(value or 'not recorded')}" for name, value in told]
    lines += [f"- {_markdown(warning)}" for warning in run.warnings]
    if problems := problems_of(run):
        lines += ["", "| verdict | scenario | place | reason |", "|---|---|---|---|"]
        lines += [_row(each) for each in problems[:MOST_ROWS]]
        if left := len(problems) - MOST_ROWS:
            lines += ["", f"{left} more scenarios did not pass."] if left > 0 else []
    return "\n".join([*lines, "", ""])


def _row(problem: Problem) -> str:
    why = problem.why if len(problem.why) <= _MOST_WORDS else f"{problem.why[:_MOST_WORDS]} …"
    place = f"{problem.feature}:{problem.line}" if problem.feature else ""
    cells = (f"{MARKS[problem.verdict]} {problem.verdict}", problem.name, place, why)
    return f"| {' | '.join(map(_markdown, cells))} |"


def _markdown(text: str) -> str:
    """Return foreign text as Markdown that shows it and does nothing: each sign that could mean something is written
    as its number.
    """
    return re.sub(r"[^\w \u0080-\U0010ffff]", lambda sign: f"&#{ord(sign[0])};", " ".join(printed(text).split()))
