"""What the report says of an instrument: above all, whose certificate it has and whether that can be relied on."""

from __future__ import annotations

from hil.report.equipment import instrument_row

SAID = {
    "certificate": "C-118",
    "laboratory": "Energy laboratory",
    "signed_by": "CN=Energy laboratory",
    "performed": "2026-03-02",
    "due": "2027-03-02",
    "corrected": True,
}


def test_a_certificate_is_told_with_laboratory_signer_and_dates() -> None:
    row = instrument_row({"role": "power meter", "calibration": SAID}, virtual=False)
    assert row.calibration == (
        "certificate C-118 of Energy laboratory, signed by CN=Energy laboratory, calibrated 2026-03-02, "
        "due 2027-03-02, deviations corrected"
    )


def test_a_certificate_that_no_acceptance_can_rest_on_is_told_with_the_reason() -> None:
    row = instrument_row({"calibration": {"certificate": "C-118", "doubt": "it is not signed"}}, virtual=False)
    assert row.calibration == "certificate C-118, no acceptance can rest on it: it is not signed"
