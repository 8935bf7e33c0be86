"""Whose instrument a calibration certificate is, until when it holds, and how what is wrong with it is told."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import ConfigurationError
from hil.ports import Identity
from hil.rig.check.calibration import refuse_expired
from hil.rig.config.calibration.elements import day, day_after
from hil.rig.config.rig_file import RigFile
from hil.tests.rig.config.calibration.bench import HMC8015, SIGNER, read, rig, signed
from hil.tests.rig.config.calibration.made import Sample, document

WHOLE = document(Sample()).decode()
MODEL, MAKER = "<dcc:model>HMC8015</dcc:model>", re.compile("<dcc:manufacturer>.*?</dcc:manufacturer>", re.DOTALL)
OTHER = "<dcc:identification><dcc:issuer>{}</dcc:issuer><dcc:value>{}</dcc:value></dcc:identification>"
DATE = "<dcc:date>2099-12-31</dcc:date>"


def found(folder: Path, text: str, identity: Identity = HMC8015) -> str:
    """Return what is said of the certificate at this instrument."""
    return signed(folder, text).certificates["meter"].other_instrument(identity)


# --- the instrument --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "model"),
    [
        ("HMC8015", "HMC8015"),
        ("hmc 8015", "HMC8015"),
        ("R&S HMC8015", "HMC8015"),
        ("HMC8015 Power Analyzer", "HMC8015"),
        ("WT310E-C1-F/G5", "WT310E"),
        ("WT310E", "WT310E-C1-F/G5"),
    ],
)
def test_a_laboratory_may_write_more_around_the_model(tmp_path: Path, told: str, model: str) -> None:
    assert found(tmp_path, document(Sample(model=told)).decode(), replace(HMC8015, model=model)) == ""


@pytest.mark.parametrize(
    ("told", "model"),
    [("HMC8012", "HMC8015"), ("WT310", "WT310E"), ("WT310E", "WT310"), ("HMC801", "HMC8015"), ("-", "HMC8015")],
)
def test_a_certificate_of_another_model_is_of_another_instrument(tmp_path: Path, told: str, model: str) -> None:
    what = found(tmp_path, document(Sample(model=told)).decode(), replace(HMC8015, model=model))
    assert f"of Rohde&Schwarz {told}, serial number 043506929" in what
    assert f"this one says 'Rohde&Schwarz {model}', serial number '043506929'" in what


def test_a_certificate_without_a_model_is_held_against_the_manufacturer(tmp_path: Path) -> None:
    text = WHOLE.replace(MODEL, "").replace("Rohde&amp;Schwarz", "ROHDE &amp; SCHWARZ GmbH &amp; Co. KG")
    assert found(tmp_path, text) == ""
    assert "of Yokogawa, serial number 043506929" in found(
        tmp_path, text.replace("ROHDE &amp; SCHWARZ", "Yokogawa").replace(" GmbH &amp; Co. KG", "")
    )


def test_neither_model_nor_manufacturer_has_to_be_told(tmp_path: Path) -> None:
    text = MAKER.sub("", WHOLE).replace(MODEL, "")
    assert found(tmp_path, text) == ""
    assert "of another instrument: of serial number 043506929" in found(tmp_path, text, replace(HMC8015, serial="1"))
    refuse_expired(signed(tmp_path, text), virtual=True)


def test_a_manufacturer_may_be_told_of_all_items() -> None:
    maker = MAKER.search(WHOLE)
    assert maker is not None
    text = MAKER.sub("", WHOLE).replace("<dcc:items>", f"<dcc:items>{maker.group()}")
    assert read(text.encode()).manufacturer == "Rohde&Schwarz"


def test_numbers_of_owner_and_laboratory_are_no_serial_numbers(tmp_path: Path) -> None:
    more = "".join(OTHER.format(issuer, f"{issuer}-1") for issuer in ("customer", "calibrationLaboratory", "owner"))
    text = WHOLE.replace("</dcc:identifications>", f"{more}</dcc:identifications>", 1)
    assert read(text.encode()).serials == {"043506929"}
    assert "of another instrument" in found(tmp_path, text, replace(HMC8015, serial="owner-1"))


def test_what_is_called_a_serial_number_is_one_and_other_numbers_of_the_manufacturer_are_not() -> None:
    serial = OTHER.format("other", "S-1").replace(
        "<dcc:identification>", '<dcc:identification refType="basic_serialNumber">'
    )
    text = WHOLE.replace("</dcc:identifications>", f"{serial}</dcc:identifications>", 1)
    assert read(text.encode()).serials == {"S-1"}


def test_a_certificate_without_a_serial_number_is_refused() -> None:
    text = WHOLE.replace("<dcc:issuer>manufacturer</dcc:issuer>", "<dcc:issuer>owner</dcc:issuer>", 1)
    with pytest.raises(ValueError, match="it tells no serial number"):
        read(text.encode())


# --- dates and versions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["", "Z", "+01:00", "-11:30"])
def test_a_date_may_have_a_time_zone(zone: str) -> None:
    text = WHOLE.replace(">2026-03-02<", f">2026-03-02{zone}<").replace(">2099-12-31<", f">2099-12-31{zone}<")
    assert (read(text.encode()).performed, read(text.encode()).due) == (date(2026, 3, 2), date(2099, 12, 31))


@pytest.mark.parametrize("text", ["2026-02-30", "2026-3-2", "20260302", "2026-03-02T10:00:00", "2026-03-02 Z", "", "٢"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no date"):
        day(text)


@pytest.mark.parametrize(
    ("period", "last"),
    [
        ("P1Y", "2027-03-02"),
        ("P24M", "2028-03-02"),
        ("P1Y6M", "2027-09-02"),
        ("P10M", "2027-01-02"),
        ("P90D", "2026-05-31"),
    ],
)
def test_a_period_until_the_next_calibration_begins_with_the_last_day_of_this_one(period: str, last: str) -> None:
    text = WHOLE.replace(DATE, f"<dcc:period>{period}</dcc:period>")
    assert str(read(text.encode()).due) == last


def test_of_a_date_and_a_period_the_earlier_counts() -> None:
    assert str(read(WHOLE.replace(DATE, f"{DATE}<dcc:period>P1Y</dcc:period>").encode()).due) == "2027-03-02"


def test_the_end_of_february_is_the_end_of_a_year() -> None:
    assert day_after(date(2028, 2, 29), "P1Y") == date(2029, 2, 28)


@given(begin=st.dates(date(2000, 1, 1), date(2090, 1, 1)), years=st.integers(0, 9), days=st.integers(0, 400))
def test_a_period_ends_as_many_years_and_days_later(begin: date, years: int, days: int) -> None:
    last = day_after(begin, f"P{years}Y{days}D")
    assert (last - timedelta(days=days)).year == begin.year + years


@pytest.mark.parametrize("period", ["P", "1Y", "-P1Y", "PT8760H", "P1W", "P1.5Y", "P9999Y", "P999Y9999M", "a year"])
def test_a_period_that_cannot_be_reckoned_with_is_refused(period: str) -> None:
    begin = date(9000, 1, 1)
    with pytest.raises(ValueError, match=r"is no period|ends later"):
        day_after(begin, period)


def test_a_statement_of_recalibration_without_date_and_period_is_refused() -> None:
    with pytest.raises(ValueError, match="basic_recalibration has neither a date nor a period"):
        read(WHOLE.replace(DATE, "").encode())


@pytest.mark.parametrize(
    ("version", "reads"),
    [("3.0.0", True), ("3.3.0", True), ("3.4.0", False), ("3.9.0", False), ("3.10.0", False), ("30.1", False)],
)
def test_versions_3_0_to_3_3_are_read(version: str, reads: bool) -> None:
    text = WHOLE.replace('schemaVersion="3.1.1"', f'schemaVersion="{version}"').encode()
    if reads:
        assert read(text).number == "SAMPLE-2026-0001"
        return
    with pytest.raises(ValueError, match=rf"'{re.escape(version)}'; versions 3\.0 to 3\.3 can be read"):
        read(text)


# --- messages --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<dcc:endPerformanceDate>2026-03-02", "<dcc:endPerformanceDate>tomorrow", "'tomorrow' is no date"),
        ("dcc:uniqueIdentifier>", "dcc:other>", "uniqueIdentifier is missing"),
    ],
)
def test_a_mistake_in_a_certificate_is_told_with_its_file_and_with_who_can_mend_it(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        signed(tmp_path, WHOLE.replace(old, new))
    assert re.search(rf"bench\.yaml:\d+:\d+: .*meter\.certificate: 'meter\.xml': {words}", str(caught.value))
    assert "Ask the laboratory that issued the certificate" in str(caught.value)
    assert "Mend the rig file" not in str(caught.value)


def test_an_authority_that_is_not_there_is_told_at_its_own_place(tmp_path: Path) -> None:
    facts = "\n        authority: gone.pem"
    with pytest.raises(ConfigurationError, match=r"meter\.authority: 'gone\.pem' cannot be read") as caught:
        rig(tmp_path, SIGNER.sign(WHOLE.encode()), f"apply_corrections: false,{facts}")
    line = (tmp_path / "bench.yaml").read_text().splitlines().index("        authority: gone.pem}") + 1
    assert f"bench.yaml:{line}:9: " in str(caught.value)
    assert "Mend the rig file" in str(caught.value)


@pytest.mark.parametrize(
    "facts", ["apply_corrections: true, drift: '-0.02 %'", "apply_corrections: true, drift: 'some'"]
)
def test_a_drift_that_cannot_be_is_one_mistake_and_not_two(tmp_path: Path, facts: str) -> None:
    rig(tmp_path, SIGNER.sign(WHOLE.encode()))
    text = (tmp_path / "bench.yaml").read_text()
    (tmp_path / "bench.yaml").write_text(text.replace("authority: authority.pem", facts))
    _, flaws = RigFile.read(tmp_path / "bench.yaml")
    assert [each.what.partition(":")[0] for each in flaws] == ["options.rig.instruments.meter.drift"]
