"""The run as JUnit XML, for continuous integration.

JUnit knows three ways not to pass: ``failure`` is the device's, ``error`` is ours (rig fault, framework error, author
error, evidence cut off), ``skipped`` is what did not run. Inconclusive is a failure of its own type: a pipeline must
not go green.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as Xml

from hil.evidence.documents import Verdict
from hil.evidence.run_folder.files import replace_file
from hil.report.run_view import RunView
from hil.report.scenario.view import ScenarioView
from hil.report.text_format import MARKS, visible

JUNIT_FILE = "junit.xml"

_ELEMENTS = {
    Verdict.FAIL: "failure",
    Verdict.INCONCLUSIVE: "failure",
    Verdict.RIG_FAULT: "error",
    Verdict.AUTHOR_ERROR: "error",
    Verdict.FRAMEWORK_ERROR: "error",
    Verdict.NOT_APPLICABLE: "skipped",
    Verdict.NOT_RUN: "skipped",
    Verdict.ALTERED: "error",
}


def write_junit(run: RunView, folder: Path | None = None) -> Path:
    """Write ``junit.xml`` into the run folder, or another; return its path. Times are those of the bench's clock."""
    root = Xml.Element("testsuites", {"name": visible(run.run_id)})
    for feature in dict.fromkeys(view.feature for view in run.scenarios):
        root.append(_suite(feature, [view for view in run.scenarios if view.feature == feature]))
    if run.verdict is None:
        root.append(_of_the_run("the run has no final verdict", "unfinished run"))
    elif _ELEMENTS.get(run.verdict) == "error" and run.verdict not in {view.verdict for view in run.scenarios}:
        why = run.integrity.sentences if run.verdict is Verdict.ALTERED else run.befell
        root.append(_of_the_run("; ".join(why) or run.sentence, run.verdict.value))
    total(root)
    path = (folder or run.folder) / JUNIT_FILE
    Xml.indent(root)
    replace_file(path, f"<?xml version='1.0' encoding='utf-8'?>\n{Xml.tostring(root, encoding='unicode')}")
    return path


def _suite(feature: str | None, views: list[ScenarioView]) -> Xml.Element:
    suite = Xml.Element("testsuite", {"name": visible(feature or "not recorded")})
    suite.extend(_case(view) for view in views)
    suite.set("time", f"{sum(view.duration or 0.0 for view in views):.3f}")
    total(suite)
    return suite


def _case(view: ScenarioView) -> Xml.Element:
    name = visible(view.name)
    case = Xml.Element("testcase", {"classname": visible(view.feature or "not recorded"), "name": name})
    if view.place:
        case.set("file", visible(view.feature or ""))
        case.set("line", visible(view.line or "0"))
    case.set("time", f"{view.duration or 0.0:.3f}")
    named = [("scenario", str(view.number))] + ([("rule", view.rule)] if view.rule else [])
    named += [("requirement", tag) for tag in view.tags if tag.startswith("REQ-")]
    properties = Xml.SubElement(case, "properties")
    for each, value in named:
        Xml.SubElement(properties, "property", {"name": each, "value": visible(value)})
    # evidence that breaks off is an error of the run, not a scenario that was left out on purpose
    element = "error" if view.damage else _ELEMENTS.get(view.verdict)
    if element is not None:
        reason = Xml.SubElement(case, element, {"message": visible(view.why)})
        reason.set("type", "evidence cut off" if view.damage else view.verdict.value)
        reason.text = _explanation(view) or None
    if view.findings:
        lines = [f"{MARKS[row.verdict]} {visible(row.text)}" for row in view.findings]
        Xml.SubElement(case, "system-out").text = "\n".join(lines)
    return case


def _explanation(view: ScenarioView) -> str:
    """Return what the terminal told as well: the failing step, what happened there, how to run it again."""
    lines = []
    if (step := view.failed_step) is not None:
        lines.append(f"{view.place_of(step) or 'not recorded'}: {step.keyword} {step.text or ''}")
    lines += view.account.lines()
    if view.rerun_command:
        lines.append(f"run it again: {view.rerun_command}")
    return visible("\n".join(lines))


def _of_the_run(message: str, kind: str) -> Xml.Element:
    """Return what happened to the run and to none of its scenarios."""
    suite = Xml.Element("testsuite", {"name": "run"})
    case = Xml.SubElement(suite, "testcase", {"classname": "run", "name": "the run was finished", "time": "0.000"})
    Xml.SubElement(case, "error", {"message": visible(message), "type": kind})
    total(suite)
    return suite


def total(element: Xml.Element) -> None:
    """Count the test cases in an element, and those that failed, in its attributes."""
    cases = list(element.iter("testcase"))
    element.set("tests", str(len(cases)))
    for kind, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        element.set(attribute, str(sum(case.find(kind) is not None for case in cases)))
