"""Problems as text, JSON or SARIF 2.1.0 (which code hosts and editors show at the line)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from hil import __version__
from hil.bdd.language.rules import RULES, Level

if TYPE_CHECKING:
    from hil.bdd.language.document import Problem

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_text(problems: Sequence[Problem]) -> str:
    """Return a line for each problem, ``file:line:column: …``; what is no mistake says so."""
    return "\n".join(_line(problem) for problem in problems)


def _line(problem: Problem) -> str:
    if problem.level is Level.ERROR:
        return str(problem)
    return f"{problem.file}:{problem.line}:{problem.column}: {problem.level}: {problem.message}"


def as_json(problems: Sequence[Problem]) -> str:
    """Return a list of objects: ``file, line, column, rule, level, what, remedy``; lines and columns count from 1."""
    return json.dumps(
        [
            {
                "file": problem.file,
                "line": problem.line,
                "column": problem.column,
                "rule": problem.rule,
                "level": problem.level,
                "what": problem.what,
                "remedy": problem.remedy,
            }
            for problem in problems
        ],
        indent=2,
        ensure_ascii=False,
    )


def as_sarif(problems: Sequence[Problem]) -> str:
    """Return a SARIF log with one run; files are relative to the working directory if they lie there."""
    rules = list(RULES)
    driver = {
        "name": "hil check",
        "version": __version__,
        "rules": [
            {"id": rule, "shortDescription": {"text": text}, "defaultConfiguration": {"level": level}}
            for rule, (level, text) in RULES.items()
        ],
    }
    results = [
        {
            "ruleId": problem.rule,
            "ruleIndex": rules.index(problem.rule),
            "level": problem.level,
            "message": {"text": problem.message},
            "locations": [{"physicalLocation": _location(problem)}],
        }
        for problem in problems
    ]
    # a column is a character here as in the files, not a UTF-16 unit
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _location(problem: Problem) -> dict[str, Any]:
    path = PurePath(problem.file)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    return {"artifactLocation": {"uri": uri}, "region": {"startLine": problem.line, "startColumn": problem.column}}


FORMATS: Mapping[str, Callable[[Sequence[Problem]], str]] = {"text": as_text, "json": as_json, "sarif": as_sarif}
