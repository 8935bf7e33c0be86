"""The instruments of a run, as the report lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hil.report.text_format import number_of, section_of, text_of


@dataclass(frozen=True)
class InstrumentRow:
    """An instrument as printed; None: not recorded."""

    role: str | None
    name: str | None
    manufacturer: str | None
    model: str | None
    serial: str | None
    firmware: str | None
    driver: str | None
    """Which driver speaks to it, whence that comes, and who chose it."""
    calibration: str
    """And the current transformer before it, if there is one."""


def instrument_row(row: Mapping[str, Any], *, virtual: bool) -> InstrumentRow:
    """Return an instrument of ``run.json`` as it is printed."""
    fields = {name: text_of(row, name) for name in InstrumentRow.__annotations__ if name != "calibration"}
    words = _calibration(section_of(row, "calibration"))
    words = words or ("none: virtual" if virtual else "not recorded")
    before = text_of(row, "transformer")
    return InstrumentRow(**fields, calibration=f"{words}; behind a {before}" if before else words)


def _calibration(calibration: Mapping[str, Any]) -> str:
    """Return certificate, laboratory, signer, dates, uncertainty and its k, as far as recorded; empty if nothing is.

    Last comes why no acceptance could rest on it.
    """
    certificate, uncertainty = text_of(calibration, "certificate"), text_of(calibration, "uncertainty")
    if certificate is not None and not certificate.startswith("none:"):
        laboratory = text_of(calibration, "laboratory")
        certificate = f"certificate {certificate}" + (f" of {laboratory}" if laboratory else "")
    signer, performed = text_of(calibration, "signed_by"), text_of(calibration, "performed")
    doubt = text_of(calibration, "doubt")
    due, k = text_of(calibration, "due"), number_of(calibration, "k")
    parts = [
        certificate,
        f"signed by {signer}" if signer else None,
        f"calibrated {performed}" if performed else None,
        f"due {due}" if due else None,
        "deviations corrected" if calibration.get("corrected") is True else None,
        f"uncertainty {uncertainty}" if uncertainty else None,
        f"k = {k:g}" if k is not None and "k" not in (uncertainty or "k") else None,
        f"no acceptance can rest on it: {doubt}" if doubt else None,
    ]
    return ", ".join(filter(None, parts))
