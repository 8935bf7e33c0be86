"""Results for Allure: a JSON file for each scenario, and its attachments, in the format that Allure 2 reads.

The format is described in Allure's documentation, "Test result file". Times are those of this machine; those of the
bench are parameters.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hil.evidence.documents import Verdict
from hil.evidence.run_folder.files import on_disk, replace_file
from hil.report.junit import explanation, unique_names
from hil.report.run_view import RunView
from hil.report.scenario.rows import StepRow
from hil.report.scenario.view import ScenarioView
from hil.report.text_format import instant, moment, printed

_STATUSES = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.INCONCLUSIVE: "failed",
    Verdict.RIG_FAULT: "broken",
    Verdict.AUTHOR_ERROR: "broken",
    Verdict.FRAMEWORK_ERROR: "broken",
    Verdict.NOT_APPLICABLE: "skipped",
    Verdict.NOT_RUN: "skipped",
}

_OUTCOMES = {"passed": "passed", "not run": "skipped"}

_NAMESPACE = uuid.UUID("b6a1f6d0-6f0b-4f57-9d2b-6f3c9a3f4f10")
"""Of the identifiers made here: a run that is written twice has the same."""


def write_allure(run: RunView, folder: Path) -> Path:
    """Write the results of ``run`` into ``folder``, beside those of other runs; return it.

    Raises RigFault if the disk does not take them.
    """
    with on_disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for view, name in zip(run.scenarios, unique_names(run.scenarios), strict=True):
        identity = str(uuid.uuid5(_NAMESPACE, f"{run.run_id}\0{view.number}"))
        attachments = []
        for title, kind, suffix, text in _attachments(view):
            source = f"{uuid.uuid5(_NAMESPACE, f'{identity}{title}')}-attachment.{suffix}"
            replace_file(folder / source, text)
            attachments.append({"name": title, "source": source, "type": kind})
        result = {**_result(run, view, name), "uuid": identity, "attachments": attachments}
        replace_file(folder / f"{identity}-result.json", json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    replace_file(folder / "environment.properties", _environment(run))
    return folder


def _result(run: RunView, view: ScenarioView, name: str) -> dict[str, Any]:
    feature = printed(view.feature or "not recorded")
    began = moment(view.began)
    start = None if began is None else round(began.timestamp() * 1000)
    times = {} if start is None else {"start": start, "stop": start + round((view.wall or 0.0) * 1000)}
    return {
        "historyId": _digest(feature, name),
        "testCaseId": _digest(feature, printed(view.outline or view.name)),
        "fullName": f"{feature}: {name}",
        "name": name,
        "status": "broken" if view.damage else _STATUSES[view.verdict],
        "statusDetails": _details(view),
        "stage": "finished",
        **times,
        "labels": [{"name": key, "value": printed(value)} for key, value in _labels(view, feature)],
        "parameters": _parameters(run, view),
        "links": [],
        "steps": list(_steps(view, start)),
    }


def _digest(*parts: str) -> str:
    return hashlib.md5("\0".join(parts).encode(), usedforsecurity=False).hexdigest()


def _details(view: ScenarioView) -> dict[str, str]:
    if view.verdict is Verdict.PASS and not view.damage:
        return {}
    return {"message": printed(f"{view.verdict}: {view.why}"), "trace": "\n".join(map(printed, explanation(view)))}


def _labels(view: ScenarioView, feature: str) -> Iterator[tuple[str, str]]:
    yield "framework", "micropay-hil"
    yield "language", "gherkin"
    yield "feature", feature
    yield "suite", feature
    if view.rule:
        yield "story", view.rule
    for tag in view.tags:
        yield "requirement" if tag.startswith("REQ-") else "tag", tag
    for tag in view.tags:
        if tag.startswith("REQ-"):  # Allure's pages show tags, and no label that they do not know
            yield "tag", tag


def _parameters(run: RunView, view: ScenarioView) -> list[dict[str, Any]]:
    told = [("seed", view.seed), ("set-up", view.setup), ("bench time", instant(view.duration)), ("run", run.run_id)]
    own = [{"name": printed(name), "value": printed(value)} for name, value in view.row.items()]
    # the history of a scenario goes over seeds and runs
    return own + [{"name": name, "value": printed(value), "excluded": True} for name, value in told if value]


def _steps(view: ScenarioView, start: int | None) -> Iterator[dict[str, Any]]:
    passed = 0.0
    for step in view.steps:
        document: dict[str, Any] = {
            "name": printed(f"{step.keyword} {step.text or ''}".strip()),
            "status": _status(step, view),
            "stage": "finished" if step.outcome != "not run" else "pending",
            "steps": [],
            "attachments": [],
            "parameters": [{"name": "bench time", "value": instant(step.took)}] if step.took is not None else [],
            "statusDetails": {},
        }
        if step.error is not None:
            words = filter(None, (step.error.what, step.error.place, step.error.remedy))
            document["statusDetails"] = {"message": printed("; ".join(words))}
        if start is not None:
            ended = passed + (step.wall or 0.0)
            document |= {"start": start + round(passed * 1000), "stop": start + round(ended * 1000)}
            passed = ended
        yield document


def _status(step: StepRow, view: ScenarioView) -> str:
    if step.outcome == "failed":
        status = _STATUSES[view.verdict]
        return status if status in ("failed", "broken") else "failed"
    return _OUTCOMES.get(step.outcome, "broken")


def _attachments(view: ScenarioView) -> Iterator[tuple[str, str, str, str]]:
    """Yield title, media type, suffix and text of each."""
    if view.findings:
        text = io.StringIO(newline="")
        table = csv.writer(text)
        table.writerow(("verdict", "measurement", "value", "U", "unit", "limit", "margin", "rule"))
        for row in view.findings:
            cells = (row.verdict.value, row.name, row.value, row.uncertainty, row.unit, row.limit, row.margin, row.rule)
            table.writerow([printed(cell or "").replace("\u2212", "-") for cell in cells])  # programs read it
        yield "Measurements", "text/csv", "csv", text.getvalue()
    if lines := explanation(view):
        yield "What happened", "text/plain", "txt", "\n".join(map(printed, lines)) + "\n"


def _environment(run: RunView) -> str:
    """Return what the run was made with, as a Java properties file."""
    facts = dict(run.identification) | dict(run.method)
    told = {"Run": run.run_id, **{name.replace(" ", "."): value for name, value in facts.items() if value}}
    return "".join(f"{name}={_property(printed(value))}\n" for name, value in told.items())


def _property(text: str) -> str:
    """Return a value as Java reads it: signs beyond ASCII as ``\\uXXXX``, in UTF-16."""
    units = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").encode("utf-16-be")
    codes = [int.from_bytes(units[index : index + 2], "big") for index in range(0, len(units), 2)]
    return "".join(chr(code) if code < 128 else f"\\u{code:04x}" for code in codes)
