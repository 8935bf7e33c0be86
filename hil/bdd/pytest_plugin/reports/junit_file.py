"""The file of ``--junitxml``: what it says of scenarios, and of tests that use the bench, is what the run's own says.

pytest knows failures only; the verdicts tell a failed device from a broken bench. So after pytest has written its file,
the verdict, measurements and requirements of each test on the bench are put in. All else stays as pytest wrote it:
other tests, names with ``--junit-prefix``, times, captured output, the family.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml

from hil.evidence.run_folder.files import replace_file
from hil.report.junit import JUNIT_FILE, total

if TYPE_CHECKING:
    import pytest

SCENARIO_PROPERTY = "scenario"
"""Its value is the number with which the name of its evidence file begins."""

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
    cases = {_number(case): case for case in own.iter("testcase")}
    written: defaultdict[str, list[Xml.Element]] = defaultdict(list)
    for case in suite.iter("testcase"):
        if number := _number(case):
            written[number].append(case)
    prefix = config.getoption("junitprefix", None)
    for number, truth in cases.items():
        if not (same := written.get(number, [])):
            suite.append(_named(truth, prefix))
            continue
        _put_in(same[0], truth)
        for second in same[1:]:  # pytest tells of an error at the end as of another test
            suite.remove(second)
    total(suite)
    replace_file(path, f'<?xml version="1.0" encoding="utf-8"?>{Xml.tostring(tree, encoding="unicode")}')


def _number(case: Xml.Element) -> str:
    """Return the number of the scenario that a test case tells of; empty if of none."""
    found = case.find(f"properties/property[@name='{SCENARIO_PROPERTY}']")
    return "" if found is None else found.get("value", "")


def _put_in(case: Xml.Element, truth: Xml.Element) -> None:
    """Put verdict, properties and measurements of ``truth`` in, in the order that the schema wants."""
    properties = case.find("properties")
    if properties is None:
        properties = Xml.Element("properties")
    else:
        case.remove(properties)
    for each in [each for each in case if each.tag in _VERDICTS]:
        case.remove(each)
    known = {(each.get("name"), each.get("value")) for each in properties}
    properties.extend(
        each for each in truth.iterfind("properties/property") if (each.get("name"), each.get("value")) not in known
    )
    new = [properties, *(each for each in truth if each.tag in (*_VERDICTS, "system-out"))]
    for position, element in enumerate(new):
        case.insert(position, element)


def _named(truth: Xml.Element, prefix: str | None) -> Xml.Element:
    """Return a test case that pytest did not tell of, such as a scenario that was not begun, under pytest's name."""
    name = truth.get("classname", "").removesuffix(".py").replace("/", ".")
    case = Xml.Element("testcase", {"classname": f"{prefix}.{name}" if prefix else name})
    case.set("name", truth.get("name", ""))
    case.set("time", "0.000")
    case.extend(truth)
    return case
