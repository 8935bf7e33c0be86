"""The run as JUnit XML, for continuous integration.

JUnit knows three ways not to pass: ``failure`` is the device's, ``error`` is ours (rig fault, framework error, author
error, evidence cut off), ``skipped`` is what did not run, or what ran again on another rig since its own failed.
Inconclusive is a failure of its own type: a pipeline must not go green.

The schema of Jenkins' xunit plugin gives time stamp, file and properties to a suite and not to a test case. So each
scenario is a suite with one test case (docs/decisions/0022-a-suite-for-each-scenario.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from xml.etree import ElementTree as Xml

from hil.evidence.documents import Verdict
from hil.evidence.repeated import Repeated
from hil.evidence.run_folder.files import replace_file
from hil.report.run_view import RunView
from hil.report.scenario.rows import FindingRow
from hil.report.scenario.view import ScenarioView
from hil.report.text_format import MARKS, moment, printed

JUNIT_FILE = "junit.xml"

SCENARIO_PROPERTY = "scenario"
"""Its value is the number with which the name of the scenario's evidence file begins."""

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
    """Write ``junit.xml`` into the run folder, or another; return its path. ``time`` is that of this machine."""
    path = (folder or run.folder) / JUNIT_FILE
    replace_file(path, _text(run))
    return path


def _text(run: RunView) -> Iterator[str]:
    """Yield the text suite by suite: a tree of twenty thousand would take 200 MB."""
    root = Xml.Element("testsuites", {"name": printed(run.run_id)})
    root.set("time", f"{sum(view.wall or 0.0 for view in run.scenarios):.3f}")
    counted: Counter[str] = Counter()
    for suite in _suites(run):
        counted.update({name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors")})
    for name in ("tests", "failures", "errors"):
        root.set(name, str(counted[name]))
    yield "<?xml version='1.0' encoding='utf-8'?>\n"
    yield f"{Xml.tostring(root, encoding='unicode').removesuffix('/>').rstrip()}>\n"
    for suite in _suites(run):
        Xml.indent(suite, level=1)
        yield f"  {Xml.tostring(suite, encoding='unicode').rstrip()}\n"
    yield "</testsuites>"


def _suites(run: RunView) -> Iterator[Xml.Element]:
    for view, name in zip(run.scenarios, unique_names(run.scenarios), strict=True):
        yield _suite(view, name, run.repeated.get(view.number))
    if run.verdict is None:
        yield _of_the_run("the run was finished", "the run has no final verdict", "unfinished run")
    elif _ELEMENTS.get(run.verdict) == "error" and run.verdict not in {view.verdict for view in run.counting}:
        altered = run.verdict is Verdict.ALTERED
        name = "the evidence is as it was recorded" if altered else "the run was finished"
        why = run.integrity.sentences if altered else run.befell
        yield _of_the_run(name, "; ".join(why) or run.sentence, run.verdict.value)


def unique_names(views: list[ScenarioView]) -> list[str]:
    """Return a printable name for each scenario that no other of its feature has; one that ran again has a number."""
    times: Counter[tuple[str, str]] = Counter()
    taken: set[tuple[str, str]] = set()
    names = []
    for view in views:
        feature, name = printed(view.feature or ""), printed(view.name)
        unique = name
        while (feature, unique) in taken:
            times[feature, name] += 1
            unique = f"{name} ({times[feature, name] + 1})"
        taken.add((feature, unique))
        names.append(unique)
    return names


def _suite(view: ScenarioView, name: str, again: Repeated | None) -> Xml.Element:
    feature = printed(view.feature or "not recorded")
    suite = Xml.Element("testsuite", {"name": f"{feature}: {name}"})
    suite.set("time", f"{view.wall or 0.0:.3f}")
    if (began := moment(view.began)) is not None:
        suite.set("timestamp", began.astimezone(UTC).isoformat(timespec="milliseconds"))
    if view.feature:
        suite.set("file", feature)
    properties = Xml.SubElement(suite, "properties")
    for each, value in _properties(view):
        Xml.SubElement(properties, "property", {"name": each, "value": printed(value)})
    suite.append(_case(view, feature, name, again))
    total(suite)
    return suite


def _properties(view: ScenarioView) -> Iterator[tuple[str, str]]:
    yield SCENARIO_PROPERTY, str(view.number)
    if view.line:
        yield "line", view.line
    if view.rule:
        yield "rule", view.rule
    for tag in view.tags:
        if tag.startswith("REQ-"):
            yield "requirement", tag
    yield "verdict", view.verdict.value
    if view.duration is not None:
        yield "bench time in s", f"{view.duration:.6f}"
    for number, row in enumerate(view.findings, 1):
        for part, value in _parts(row):
            yield f"measurement {number} {part}", value


def _parts(row: FindingRow) -> Iterator[tuple[str, str]]:
    yield "name", row.name or "not recorded"
    for part, value in (("value", row.value), ("U", row.uncertainty)):
        if value is not None and row.taken:
            yield part, value.replace("\u2212", "-")  # programs read it
    if row.unit:
        yield "unit", row.unit
    if row.limit:
        yield "limit", row.limit
    yield "verdict", row.verdict.value


def _case(view: ScenarioView, feature: str, name: str, again: Repeated | None) -> Xml.Element:
    case = Xml.Element("testcase", {"classname": feature, "name": name, "time": f"{view.wall or 0.0:.3f}"})
    # evidence that breaks off is an error of the run, not a scenario that was left out on purpose
    element = "error" if view.damage else _ELEMENTS.get(view.verdict)
    if again is not None:
        Xml.SubElement(case, "skipped", {"message": printed(str(again)), "type": "ran again"})
    elif element is not None:
        reason = Xml.SubElement(case, element, {"message": printed(view.why)})
        reason.set("type", "evidence cut off" if view.damage else view.verdict.value)
        reason.text = "\n".join(map(printed, explanation(view))) or None
    if view.findings:
        lines = [f"{MARKS[row.verdict]} {printed(row.text)}" for row in view.findings]
        Xml.SubElement(case, "system-out").text = "\n".join(lines)
    return case


def explanation(view: ScenarioView) -> list[str]:
    """Return what the terminal told as well: the failing step, what happened there, how to run it again."""
    lines = []
    if (step := view.failed_step) is not None:
        lines.append(f"{view.place_of(step) or 'not recorded'}: {step.keyword} {step.text or ''}")
    lines += view.account.lines()
    if view.rerun_command:
        lines.append(f"run it again: {view.rerun_command}")
    return lines


def _of_the_run(name: str, message: str, kind: str) -> Xml.Element:
    """Return what happened to the run and to none of its scenarios."""
    suite = Xml.Element("testsuite", {"name": "run"})
    case = Xml.SubElement(suite, "testcase", {"classname": "run", "name": name, "time": "0.000"})
    Xml.SubElement(case, "error", {"message": printed(message), "type": kind})
    total(suite)
    return suite


def total(element: Xml.Element) -> None:
    """Count the test cases in an element, and those that failed, in its attributes."""
    cases = list(element.iter("testcase"))
    element.set("tests", str(len(cases)))
    for kind, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        if kind != "skipped" or element.tag == "testsuite":  # the schema has no such attribute for all suites together
            element.set(attribute, str(sum(case.find(kind) is not None for case in cases)))
