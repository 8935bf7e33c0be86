"""The file of ``--junitxml``: what it says of scenarios, and of tests that use the bench, is what the run's own says.

pytest knows failures only; the verdicts tell a failed device from a broken bench. So after pytest has written its file,
the verdict, measurements and requirements of each test on the bench are put in. All else stays as pytest wrote it:
other tests, names with ``--junit-prefix``, times, captured output, the family. pytest has one suite for all tests, and
Jenkins' schema gives properties to suites alone: those of a scenario stand there with its number.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml

from hil.evidence.run_folder.files import replace_file
from hil.report.junit import JUNIT_FILE, SCENARIO_PROPERTY, total

if TYPE_CHECKING:
    import pytest

_VERDICTS = ("failure", "error", "skipped")


def rewrite(config: pytest.Config, folder: Path) -> None:
    """Let the file that pytest has written say what ``junit.xml`` of the run folder says; without the option nothing.

    Raises OSError or RigFault if that cannot be written.
    """
    asked = config.getoption("xmlpath", None)
    if not asked or hasattr(config, "workerinput"):
        return
    path = Path(config.invocation_params.dir, asked).expanduser()
    tree = Xml.parse(path).getroot()  # noqa: S314 - pytest has just written it
    own = Xml.parse(folder / JUNIT_FILE).getroot()  # noqa: S314 - we have
    (suite,) = tree.iter("testsuite")
    written: defaultdict[str, list[Xml.Element]] = defaultdict(list)
    for case in suite.iter("testcase"):
        if number := _take_number(case):
            written[number].append(case)
    prefix = config.getoption("junitprefix", None)
    properties = Xml.Element("properties")
    for scenario in own.iter("testsuite"):
        number, truth = _number(scenario), scenario.find("testcase")
        if not number or truth is None:
            continue
        properties.extend(_numbered(scenario, number))
        if not (same := written.get(number, [])):
            suite.append(_named(truth, prefix))
            continue
        _put_in(same[0], truth)
        for second in same[1:]:  # pytest tells of an error at the end as of another test
            suite.remove(second)
    suite.insert(0, properties)
    total(suite)
    replace_file(path, f'<?xml version="1.0" encoding="utf-8"?>{Xml.tostring(tree, encoding="unicode")}')


def _number(element: Xml.Element) -> str:
    """Return the number of the scenario that a suite or a test case tells of; empty if of none."""
    found = element.find(f"properties/property[@name='{SCENARIO_PROPERTY}']")
    return "" if found is None else found.get("value", "")


def _take_number(case: Xml.Element) -> str:
    """Return the number of a test case as pytest wrote it, and take the property away, which the schema refuses."""
    number, properties = _number(case), case.find("properties")
    if number and properties is not None:
        for each in properties.findall(f"property[@name='{SCENARIO_PROPERTY}']"):
            properties.remove(each)
        if len(properties) == 0:
            case.remove(properties)
    return number


def _numbered(scenario: Xml.Element, number: str) -> list[Xml.Element]:
    """Return the properties of a scenario for a suite of many."""
    return [
        Xml.Element("property", {"name": f"{SCENARIO_PROPERTY} {number} {name}", "value": each.get("value", "")})
        for each in scenario.iterfind("properties/property")
        if (name := each.get("name", "")) != SCENARIO_PROPERTY
    ]


def _put_in(case: Xml.Element, truth: Xml.Element) -> None:
    """Put verdict and measurements of ``truth`` in, before what pytest captured."""
    for each in [each for each in case if each.tag in _VERDICTS]:
        case.remove(each)
    for position, element in enumerate(each for each in truth if each.tag in (*_VERDICTS, "system-out")):
        case.insert(position, element)


def _named(truth: Xml.Element, prefix: str | None) -> Xml.Element:
    """Return a test case that pytest did not tell of, such as a scenario that was not begun, under pytest's name."""
    name = truth.get("classname", "").removesuffix(".py").replace("/", ".")
    case = Xml.Element("testcase", {"classname": f"{prefix}.{name}" if prefix else name})
    case.set("name", truth.get("name", ""))
    case.set("time", "0.000")
    case.extend(truth)
    return case
