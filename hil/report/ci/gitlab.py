"""GitLab CI: a code quality report, which merge requests show at the line, and sections of the job's log.

The formats are described in GitLab's documentation, "Code Quality report format" and "Custom collapsible sections".
GitLab reads ``junit.xml`` as well.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from hil.evidence.documents import Verdict
from hil.evidence.run_folder.files import replace_file
from hil.report.ci.problems import Problem, problems_of
from hil.report.run_view import RunView

CODE_QUALITY_FILE = Path("reports/gl-code-quality-report.json")
"""In the laboratory: a path that ``.gitlab-ci.yml`` can name; run folders have other names each time."""

MOST_SECTIONS = 50
"""Of a job's log."""

_SEVERITIES = {
    Verdict.ALTERED: "blocker",
    Verdict.RIG_FAULT: "blocker",
    Verdict.FRAMEWORK_ERROR: "blocker",
    Verdict.AUTHOR_ERROR: "blocker",
    Verdict.FAIL: "critical",
    Verdict.INCONCLUSIVE: "major",
    Verdict.NOT_RUN: "info",
}


def write_code_quality(run: RunView, prefix: str, root: Path) -> Path:
    """Write the code quality report of ``run`` into the laboratory; return its path."""
    path = root / CODE_QUALITY_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, json.dumps(code_quality(run, prefix), indent=2, ensure_ascii=False) + "\n")
    return path


def code_quality(run: RunView, prefix: str) -> list[dict[str, Any]]:
    """Return an entry for each scenario that did not pass; one that fails again has the same fingerprint."""
    return [
        {
            "description": f"{each.title}: {each.why}",
            "check_name": f"hil/{each.verdict}",
            "fingerprint": hashlib.sha256(f"{each.feature}\0{each.name}\0{each.verdict}".encode()).hexdigest(),
            "severity": _SEVERITIES[each.verdict],
            "location": {"path": each.place(prefix) or f"{prefix}{run.folder.name}", "lines": {"begin": each.line}},
        }
        for each in problems_of(run)
    ]


def log_sections(run: RunView, now: int) -> list[str]:
    """Return lines of the log: a collapsed section for each scenario that did not pass.

    :param now: the time in seconds since 1970; GitLab shows how long a section took.
    """
    lines: list[str] = []
    problems = problems_of(run)
    for number, problem in enumerate(problems[:MOST_SECTIONS], 1):
        name = f"hil_{number}_{re.sub(r'[^a-z0-9]+', '_', problem.name.lower())[:40]}"
        lines.append(f"\x1b[0Ksection_start:{now}:{name}[collapsed=true]\r\x1b[0K{_line(problem)}")
        lines += [f"  {line}" for each in [problem.why, *problem.details] for line in each.splitlines()]
        lines.append(f"\x1b[0Ksection_end:{now}:{name}\r\x1b[0K")
    if (left := len(problems) - MOST_SECTIONS) > 0:
        lines.append(f"{left} more scenarios did not pass")
    return lines


def _line(problem: Problem) -> str:
    place = f"{problem.feature}:{problem.line}  " if problem.feature else ""
    return " ".join(f"{place}{problem.title}".split())
