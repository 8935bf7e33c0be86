"""What the laboratory states beside the evidence, as ISO/IEC 17025:2017 wants it of a test report.

It comes from ``reports/acceptance.yaml``. A field that was left empty is named: a dash would pass for an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hil.report.text_format import NOT_STATED, date, number_of, rows_of, section_of, stated, text_of

Fact = tuple[str, str | None]
"""A label and what is said there; None: the run did not record it."""

_FIELDS = (
    ("Laboratory", "laboratory", "name", "7.8.2.1 b"),
    ("Address", "laboratory", "address", "7.8.2.1 b"),
    ("Place of the test", "laboratory", "place", "7.8.2.1 c"),
    ("Customer", "customer", "name", "7.8.2.1 e"),
    ("Contact", "customer", "contact", "7.8.2.1 e"),
    ("Order", "customer", "order", "7.1.1"),
)
"""Label, section and key in the acceptance file, clause of the standard."""

_SINGLE_FIELDS = (
    ("Method", "method", "7.8.2.1 f"),
    ("Test conditions", "conditions", "7.8.3.1 a"),
    ("Decision rule", "decision_rule", "7.8.6.1"),
)


@dataclass(frozen=True)
class Amendment:
    """This report stands in the place of an earlier one (7.8.8)."""

    number: str
    replaces: str
    changes: str


def amendment_of(acceptance: Mapping[str, Any]) -> Amendment | None:
    """Return what the report amends; None if it is the first."""
    told = section_of(acceptance, "amendment")
    if all(stated(told, key) == NOT_STATED for key in ("number", "replaces", "changes")):
        return None
    return Amendment(stated(told, "number"), stated(told, "replaces"), stated(told, "changes"))


def identification(document: Mapping[str, Any]) -> list[Fact]:
    """Return who tested for whom, where, when and with which rig."""
    rig, acceptance = section_of(document, "rig"), section_of(document, "acceptance")
    host = section_of(document, "host")
    number = stated(acceptance, "number")
    return [
        ("Report number", text_of(document, "id") if number == NOT_STATED else number),
        *((label, stated(section_of(acceptance, section), key)) for label, section, key, _ in _FIELDS),
        ("Tested from", date(text_of(document, "started") or text_of(host, "started"))),
        ("Tested until", date(text_of(host, "finished"))),
        ("Test conditions", stated(acceptance, "conditions")),
        ("Rig", " · ".join(filter(None, (text_of(rig, "name"), text_of(rig, "file")))) or None),
        ("Set-ups of the rig", text_of(rig, "setups")),
        ("Limits of the rig", text_of(rig, "limits")),
        ("Temperature of the room", text_of(rig, "ambient")),
        *_last_check(section_of(rig, "check")),
    ]


def _last_check(check: Mapping[str, Any]) -> list[Fact]:
    """Return what the last check of a rig measured, if the run recorded one."""
    if not check:
        return []
    faults = number_of(check, "faults")
    told = "faults not recorded" if faults is None else f"{faults:g} fault{'' if faults == 1 else 's'}"
    measured = [f"{text_of(row, 'part')}: {text_of(row, 'what')}" for row in rows_of(check, "measured")]
    return [
        (
            "Last check of the rig",
            "; ".join([f"{date(text_of(check, 'at')) or 'instant not recorded'}, {told}", *measured]),
        )
    ]


def fields_not_stated(document: Mapping[str, Any]) -> list[str]:
    """Return the fields of the standard that the laboratory left empty, each with its clause."""
    return [f"{label} ({clause})" for label, value, clause in _fields(document) if value == NOT_STATED]


def _fields(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    acceptance = section_of(document, "acceptance")
    for label, section, key, clause in _FIELDS:
        yield label, stated(section_of(acceptance, section), key), clause
    for label, key, clause in _SINGLE_FIELDS:
        yield label, stated(acceptance, key), clause
    for device in rows_of(section_of(document, "rig"), "devices"):
        item = item_of(acceptance, text_of(device, "role"))
        role = text_of(device, "role") or "item"
        yield f"Serial number of the {role}", stated(device, "serial"), "7.8.2.1 g"
        yield f"Condition of the {role}", stated(item, "condition"), "7.8.2.1 g"
        yield f"Date of receipt of the {role}", stated(item, "received"), "7.8.2.1 h"
    persons = rows_of(acceptance, "persons")
    for person in persons:
        yield f"Name of the person: {text_of(person, 'role') or 'role not stated'}", stated(person, "name"), "7.8.2.1 o"
    if not persons:
        yield "Person who authorises the report", NOT_STATED, "7.8.2.1 o"
    told = section_of(acceptance, "amendment")
    if amendment_of(acceptance) is not None:
        for label, key in (("Number", "number"), ("Replaced report", "replaces"), ("Change", "changes")):
            yield f"{label} of the amendment", stated(told, key), "7.8.8"


def item_of(acceptance: Mapping[str, Any], role: str | None) -> Mapping[str, Any]:
    """Return what the laboratory says of the device with this role."""
    return next((row for row in rows_of(acceptance, "items") if row.get("role") == role), {})
