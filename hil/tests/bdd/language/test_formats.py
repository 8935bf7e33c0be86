"""Problems as text, JSON and SARIF."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as SarifLog

from hil.bdd.language.document import Problem
from hil.bdd.language.formats import as_json, as_sarif, as_text
from hil.bdd.language.rules import RULES

FOUND = [
    Problem("features/a b.feature", 3, 5, "it is wrong", "Mend it", "misfit"),
    Problem("/elsewhere/c.feature", 1, 1, "nobody knows", rule="undecidable"),
    Problem("features/d.feature", 2, 3, "did you mean 'é'?", "Perhaps", "not-offered"),
]


def test_text_tells_what_is_no_mistake() -> None:
    assert as_text(FOUND).splitlines() == [
        "features/a b.feature:3:5: it is wrong. Mend it",
        "/elsewhere/c.feature:1:1: warning: nobody knows",
        "features/d.feature:2:3: note: did you mean 'é'? Perhaps",
    ]


def test_json_tells_everything_apart() -> None:
    assert json.loads(as_json(FOUND))[0] == {
        "file": "features/a b.feature",
        "line": 3,
        "column": 5,
        "rule": "misfit",
        "level": "error",
        "what": "it is wrong",
        "remedy": "Mend it",
    }
    assert as_json([]) == "[]"


def test_sarif_is_what_the_schema_of_its_version_demands() -> None:
    for problems in ([], FOUND, [Problem("a.feature", 1, 1, "wrong", rule=rule) for rule in RULES]):
        SarifLog.model_validate_json(as_sarif(problems))


def test_sarif_tells_rule_level_and_place() -> None:
    (run,) = json.loads(as_sarif(FOUND))["runs"]
    results = run["results"]
    assert [(each["ruleId"], each["level"]) for each in results] == [
        ("misfit", "error"),
        ("undecidable", "warning"),
        ("not-offered", "note"),
    ]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in results)
    places = [each["locations"][0]["physicalLocation"] for each in results]
    assert [place["artifactLocation"]["uri"] for place in places] == [
        "features/a%20b.feature",
        Path("/elsewhere/c.feature").as_uri(),
        "features/d.feature",
    ]
    assert places[0]["region"] == {"startLine": 3, "startColumn": 5}
