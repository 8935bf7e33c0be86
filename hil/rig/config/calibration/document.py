"""What a Digital Calibration Certificate says, as far as a rig asks: of which instrument, when, and what was measured.

The format is PTB's DCC, versions 3.0 to 3.3 (https://ptb.de/dcc), with quantities in D-SI.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from hil.rig.config.calibration.elements import (
    DCC,
    NAMES,
    day,
    day_after,
    kinds,
    one,
    text,
    text_if_there,
    words,
)
from hil.rig.config.calibration.points import Curve
from hil.rig.config.calibration.results import read_results

DUE = "basic_recalibration"
"""The statement whose date or period says when it must be calibrated again."""

SERIAL = "basic_serialNumber"
"""The identification that is the serial number."""

_VERSION = re.compile(r"3\.[0-3](\..*)?")


@dataclass(frozen=True)
class Certificate:
    """A calibration certificate.

    :param number: its unique identifier; ``laboratory``: who issued it.
    :param manufacturer: of the instrument, and ``model``: both empty where the certificate does not name them.
    :param serials: serial numbers of the instrument, at least one; numbers of its owner or laboratory are none.
    :param performed: last day of the calibration; ``due``: last day on which it holds, None: it does not say.
    :param curves: what was measured, by unit: W, V, A; one curve for each set of conditions, such as power factors.
    :param unread: what else was measured of these units, and why it cannot be reckoned with.
    """

    number: str
    laboratory: str
    manufacturer: str
    model: str
    serials: frozenset[str]
    performed: date
    due: date | None
    curves: Mapping[str, tuple[Curve, ...]]
    unread: tuple[str, ...] = ()


def read_document(root: Any) -> Certificate:
    """Return what the certificate says; raises ValueError with what is missing, or makes no sense."""
    if root.tag != f"{{{DCC}}}digitalCalibrationCertificate":
        raise ValueError("it is no Digital Calibration Certificate: its root is not digitalCalibrationCertificate")
    version = root.get("schemaVersion", "")
    if not _VERSION.fullmatch(version):
        raise ValueError(f"its schema version is '{version[:40]}'; versions 3.0 to 3.3 can be read")
    administrative = one(root, "dcc:administrativeData")
    core, items = one(administrative, "dcc:coreData"), administrative.findall("dcc:items/dcc:item", NAMES)
    if len(items) != 1:
        raise ValueError(f"it is about {len(items)} items; one is allowed")
    performed = day(text(core, "dcc:endPerformanceDate"))
    curves, unread = read_results(root)
    return Certificate(
        number=text(core, "dcc:uniqueIdentifier"),
        laboratory=text(administrative, "dcc:calibrationLaboratory/dcc:contact/dcc:name/dcc:content"),
        manufacturer=_manufacturer(items[0], administrative),
        model=text_if_there(items[0], "dcc:model"),
        serials=_serials(items[0]),
        performed=performed,
        due=min(_due(administrative, performed), default=None),
        curves=curves,
        unread=unread,
    )


def _manufacturer(item: Any, administrative: Any) -> str:
    """Return that of the item, or of all items."""
    path = "dcc:manufacturer/dcc:name/dcc:content"
    return text_if_there(item, path) or text_if_there(administrative, f"dcc:items/{path}")


def _serials(item: Any) -> frozenset[str]:
    """Return what is called a serial number, or else what its manufacturer has given it."""
    told = item.findall("dcc:identifications/dcc:identification", NAMES)
    called = [each for each in told if SERIAL in kinds(each)]
    given = [each for each in told if text_if_there(each, "dcc:issuer") == "manufacturer"]
    for identifications in (called, given):
        if found := frozenset(words(one(each, "dcc:value")) for each in identifications) - {""}:
            return found
    raise ValueError(f"it tells no serial number: an identification of the manufacturer, or with refType {SERIAL}")


def _due(administrative: Any, performed: date) -> Iterator[date]:
    for statement in administrative.findall("dcc:statements/dcc:statement", NAMES):
        if DUE not in kinds(statement):
            continue
        last, period = text_if_there(statement, "dcc:date"), text_if_there(statement, "dcc:period")
        if not last and not period:
            raise ValueError(f"the statement {DUE} has neither a date nor a period")
        if last:
            yield day(last)
        if period:
            yield day_after(performed, period)
