"""Digital Calibration Certificates: what of them counts, whose signature holds, and what is refused."""

from __future__ import annotations

import math
import re
import shutil
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signxml.xades.xades import XAdESSigner

from hil.errors import ConfigurationError, ExitCode, RigFault
from hil.evidence.uncertainty import Budget, CertifiedUncertainty, Conditions
from hil.instruments.hmc8015 import LIMITS
from hil.ports import Identity, Reading
from hil.rig.check.calibration import calibration, refuse_expired
from hil.rig.config.calibration import xml_file
from hil.rig.config.calibration.document import read_document
from hil.rig.config.calibration.points import CertifiedPoints, Curve, Point
from hil.rig.config.rig_file import RigFile
from hil.tests.acceptance.commands import ROOT
from hil.tests.rig.config.calibration.bench import HMC8015, SIGNER, read, rig
from hil.tests.rig.config.calibration.made import LABORATORY, SAMPLES, Sample, Signer, Table, document
from hil.units import Ampere, Second, Volt, Watt, WattHour

SHIPPED = ROOT / "fixtures/data/certificates"


# --- what it says ----------------------------------------------------------------------------------------------


def test_number_laboratory_instrument_dates_and_points_are_read() -> None:
    found = read(document(Sample()))
    assert (found.number, found.laboratory) == ("SAMPLE-2026-0001", LABORATORY)
    assert (found.manufacturer, found.model, sorted(found.serials)) == ("Rohde&Schwarz", "HMC8015", ["043506929"])
    assert (str(found.performed), str(found.due)) == ("2026-03-02", "2099-12-31")
    assert found.curves["W"][0].points[-1] == Point(2000.0, 0.6, 0.3, 2.0)
    assert found.curves["A"][0].points[0] == pytest.approx((0.1, 1e-4, 5e-5, 2.0))


def test_the_names_of_the_newer_quantities_are_read_too() -> None:
    text = document(Sample()).decode()
    for old, new in (
        ("<si:expandedUncXMLList>", "<si:measurementUncertaintyUnivariateXMLList><si:expandedMUXMLList>"),
        ("</si:expandedUncXMLList>", "</si:expandedMUXMLList></si:measurementUncertaintyUnivariateXMLList>"),
        ("uncertaintyXMLList>", "valueExpandedMUXMLList>"),
    ):
        text = text.replace(old, new)
    assert read(text.encode()).curves == read(document(Sample())).curves


def test_a_deviation_follows_from_indication_and_reference() -> None:
    text = document(Sample(tables=(Table(r"\watt", (100,), (99.9,), (0.05,)),))).decode()
    found = read(text.replace("basic_measurementError", "basic_referenceValue").encode())
    assert found.curves["W"][0].points[0] == pytest.approx((100.0, 0.1, 0.05, 2.0))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("digitalCalibrationCertificate", "certificate", "it is no Digital Calibration Certificate"),
        ('schemaVersion="3.1.1"', 'schemaVersion="2.4.0"', "its schema version is '2.4.0'"),
        ("dcc:uniqueIdentifier>", "dcc:other>", "uniqueIdentifier is missing"),
        ("<dcc:model>HMC8015</dcc:model>", "<dcc:model> </dcc:model>", "model is empty"),
        (">2026-03-02<", ">2026-02-30<", "'2026-02-30' is no date"),
        (r"\watt", r"\kelvin", ""),
        ("<si:valueXMLList>10 100", "<si:valueXMLList>10 ten", "are no numbers"),
        ("<si:valueXMLList>10 100", "<si:valueXMLList>1_0 100", "are no numbers"),
        ("<si:valueXMLList>10 100", "<si:valueXMLList>nan 100", "are no numbers"),
        ("<si:valueXMLList>10 100", "<si:valueXMLList>10", "has not as many deviations"),
        ("<si:valueXMLList>10 100", "<si:valueXMLList>100 100", "two of its points are at the same indication"),
        ("<si:valueXMLList>10 100", "<si:valueXMLList>1e999 100", "cannot be"),
        ("XMLList>2</si:coverage", "XMLList>0</si:coverage", "cannot be"),
        ("si:expandedUncXMLList>", "si:otherXMLList>", "without an expanded uncertainty"),
        ("</dcc:items>", "<dcc:item/></dcc:items>", "it is about 2 items"),
    ],
)
def test_what_is_missing_or_makes_no_sense_is_named(old: str, new: str, words: str) -> None:
    text = document(Sample()).decode()
    assert old in text
    if not words:
        assert "W" not in read(text.replace(old, new).encode()).curves
        return
    with pytest.raises(ValueError, match=re.escape(words)):
        read(text.replace(old, new).encode())


def test_a_certificate_without_any_points_of_a_meter_is_refused() -> None:
    with pytest.raises(ValueError, match="no deviations of power, voltage or current"):
        read(document(Sample(tables=(Table(r"\kelvin", (1,), (0,), (1,)),))))


@pytest.mark.parametrize("name", SAMPLES)
def test_the_shipped_samples_are_read_and_their_signatures_hold(name: str) -> None:
    data, root = xml_file.read(SHIPPED / f"{name}.xml")
    for authority in ("authority.pem", "laboratory.pem"):
        signed, _ = xml_file.signed_content(data, root, SHIPPED / authority)
        found = read_document(signed)
        assert (found.model, *found.serials) == (SAMPLES[name].model, SAMPLES[name].serial)


# --- XML of others ---------------------------------------------------------------------------------------------


BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>'
LEAK = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'
FETCH = b'<?xml version="1.0"?><!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>'


@pytest.mark.parametrize("content", [BOMB, LEAK, FETCH])
def test_a_document_type_is_refused_so_that_no_entity_is_expanded_and_nothing_fetched(content: bytes) -> None:
    with pytest.raises(ValueError, match="declares a document type"):
        xml_file.parse(content, "meter.xml")


@given(content=st.binary(max_size=60))
def test_bytes_that_are_no_xml_are_told_in_one_sentence(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"meter\.xml"):
        xml_file.parse(b"<a>" + content + b"<", "meter.xml")


def test_a_file_that_is_too_large_to_be_a_certificate_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "meter.xml").write_bytes(b" " * (xml_file.MOST_BYTES + 1))
    with pytest.raises(ValueError, match="more than 10 MB"):
        xml_file.read(tmp_path / "meter.xml")


def test_a_missing_library_is_told_with_its_pip_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "signxml", None)
    with pytest.raises(ConfigurationError, match=r"needs signxml.*pip install 'micropay-hil\[calibration\]'"):
        xml_file.parse(b"<a/>", "meter.xml")


# --- in a rig file ---------------------------------------------------------------------------------------------


def test_a_signed_certificate_stands_in_the_place_of_fields_by_hand(tmp_path: Path) -> None:
    bench = rig(tmp_path, SIGNER.sign(document(Sample())))
    facts = bench.options.instruments["meter"]
    assert (facts.calibration, facts.due) == ("SAMPLE-2026-0001", "2099-12-31")
    assert bench.certificates["meter"].signer == f"CN={LABORATORY}"
    refuse_expired(bench)


def test_a_xades_signature_counts_as_well_and_covers_the_whole_file(tmp_path: Path) -> None:
    signed = SIGNER.sign(document(Sample()), XAdESSigner)
    refuse_expired(rig(tmp_path, signed))
    with pytest.raises(RigFault, match="its signature does not hold"):
        refuse_expired(rig(tmp_path, _tampered(signed)))


def test_the_earlier_due_date_counts(tmp_path: Path) -> None:
    bench = rig(tmp_path, SIGNER.sign(document(Sample())), "authority: authority.pem, due: 2027-01-31")
    assert bench.options.instruments["meter"].due == "2027-01-31"


def test_a_certificate_is_of_one_instrument(tmp_path: Path) -> None:
    file = rig(tmp_path, SIGNER.sign(document(Sample()))).certificates["meter"]
    assert file.other_instrument(HMC8015) == ""
    other = file.other_instrument(replace(HMC8015, serial="1"))
    assert "SAMPLE-2026-0001 is of another instrument: of Rohde&Schwarz HMC8015, serial number 043506929" in other


def _tampered(content: bytes) -> bytes:
    return content.replace(b"0.05 0.08 0.2", b"0.01 0.01 0.1")


def _wrapped(content: bytes) -> bytes:
    """Put a forged certificate around the signed one, whose signature then holds as before."""
    forged = document(Sample(number="FORGED")).decode()
    inner = content.decode().partition("?>")[2].strip()
    end = "</dcc:digitalCalibrationCertificate>"
    return forged.replace(end, f"<dcc:comment>{inner}</dcc:comment>{end}").encode()


@pytest.mark.parametrize(
    ("content", "facts", "words"),
    [
        (document(Sample()), "authority: authority.pem", "it is not signed"),
        (SIGNER.sign(document(Sample())), "apply_corrections: false", "names no authority"),
        (_tampered(SIGNER.sign(document(Sample()))), "authority: authority.pem", "its signature does not hold"),
        (Signer().sign(document(Sample())), "authority: authority.pem", "its signature does not hold"),
        (_wrapped(SIGNER.sign(document(Sample()))), "authority: authority.pem", "it is not signed"),
        (SIGNER.sign(document(Sample(due="2026-04-01"))), "authority: authority.pem", "expired on 2026-04-01"),
        (SIGNER.sign(document(Sample(due=None))), "authority: authority.pem", "no due date"),
        (SIGNER.sign(document(Sample(performed="2098-01-01"))), "authority: authority.pem", "yet to come"),
    ],
    ids=["unsigned", "no authority", "tampered", "of a stranger", "wrapped", "expired", "without end", "of the future"],
)
def test_no_acceptance_rests_on_a_certificate_that_does_not_hold(
    tmp_path: Path, content: bytes, facts: str, words: str
) -> None:
    bench = rig(tmp_path, content, facts)
    with pytest.raises(RigFault, match=words) as refused:
        refuse_expired(bench, virtual=True)
    assert refused.value.exit_code is ExitCode.RIG_FAULT


def test_nothing_of_a_tampered_certificate_enters_a_budget(tmp_path: Path) -> None:
    bench = rig(tmp_path, _tampered(SIGNER.sign(document(Sample()))))
    assert bench.conditions.certified is None
    assert bench.options.instruments["meter"].calibration.startswith("none: of meter.xml, its signature does not hold")
    assert "its signature does not hold" in calibration(bench, date(2026, 6, 1))[0].what


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ("authority: nowhere.pem", "'nowhere.pem' cannot be read"),
        ("authority: meter.xml", "holds no X.509 certificate in PEM"),
        ("calibration: 'No. 7'", "'No. 7', and its certificate has the number 'SAMPLE-2026-0001'"),
        ("uncertainty: '0.03 %'", "uncertainty and k are told by certificate"),
        ("apply_corrections: true", "apply_corrections and drift go together"),
        ("drift: '0.02 %'", "apply_corrections and drift go together"),
    ],
)
def test_what_is_wrong_with_the_rig_file_is_told_with_its_place(tmp_path: Path, facts: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"bench\.yaml:\d+:\d+: .*{re.escape(words)}"):
        rig(tmp_path, SIGNER.sign(document(Sample())), facts)


def test_a_file_that_is_not_there_is_told_with_its_place(tmp_path: Path) -> None:
    text = (ROOT / "rigs/virtual.yaml").read_text(encoding="utf-8")
    text = text.replace("load: {calibration: 'none: virtual'}", "load: {certificate: gone.xml}")
    (tmp_path / "bench.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"bench\.yaml:\d+:\d+: .*load\.certificate: 'gone\.xml'"):
        RigFile.load(tmp_path / "bench.yaml")


# --- in a budget -----------------------------------------------------------------------------------------------


POINTS = Curve((Point(10.0, 0.1, 0.02, 2.0), Point(100.0, 0.4, 0.04, 1.0), Point(1000.0, -2.0, 0.4, 2.0)))
NO_DRIFT = CertifiedUncertainty(0.0, 0.0, 2.0, "C")


def power(watts: float, drift: CertifiedUncertainty | None, curve: Curve = POINTS) -> Budget:
    reading = Reading(Volt(230.0), Ampere(watts / 230), Watt(watts), WattHour(0.0), Second(0.0))
    return LIMITS.power_budget(reading, Conditions(certified=CertifiedPoints("C", {"W": (curve,)}, drift)))


@pytest.mark.parametrize(
    ("value", "deviation", "half_width"),
    [
        (0.0, 0.1, 0.02),
        (10.0, 0.1, 0.02),
        (55.0, 0.25, 0.05),
        (100.0, 0.4, 0.08),
        (550.0, -0.8, 0.24),
        (2000.0, -4.0, 0.8),
    ],
)
def test_deviation_and_u_lie_on_the_lines_between_the_points(value: float, deviation: float, half_width: float) -> None:
    assert POINTS.deviation(value) == pytest.approx(deviation)
    assert POINTS.half_width(value) == pytest.approx(half_width)


def test_without_correction_u_is_added_to_the_makers_limits_and_a_deviation_within_them_is_not() -> None:
    plain = LIMITS.power_budget(
        Reading(Volt(230.0), Ampere(100 / 230), Watt(100.0), WattHour(0.0), Second(0.0)), Conditions()
    )
    budget = power(100.0, None)
    assert budget.expanded == pytest.approx(plain.expanded + 0.08)
    assert budget.bounds(100.0) == pytest.approx((100 - budget.expanded, 100 + budget.expanded))


def test_a_deviation_beyond_the_makers_limits_counts_by_what_is_beyond() -> None:
    out_of_order = Curve((Point(100.0, 5.0, 0.02, 2.0),))
    allowed = sum(power(100.0, None).part(name) for name in ("accuracy of reading", "accuracy of range"))
    budget = power(100.0, None, out_of_order)
    assert budget.part("deviation beyond the maker's limits") == pytest.approx(5.0 - allowed)
    assert budget.bounds(100.0)[0] <= 95.0


def test_with_correction_the_bounds_lie_around_the_corrected_value_and_are_narrower() -> None:
    budget, plain = power(100.0, NO_DRIFT), power(100.0, None)
    low, high = budget.bounds(100.0)
    assert (low + high) / 2 == pytest.approx(99.6)
    assert high - low < 2 * plain.expanded
    assert budget.expanded >= 0.4 + 0.08
    assert any("correction of -0.4 W" in str(each) for each in budget.document())


def test_drift_since_the_calibration_widens_a_corrected_value() -> None:
    drift = CertifiedUncertainty(0.001, 0.2, 2.0, "C")
    assert power(100.0, drift).expanded == pytest.approx(power(100.0, NO_DRIFT).expanded + 0.3)


def test_no_certificate_lowers_the_power_below_which_nothing_flows() -> None:
    corrected = Conditions(certified=CertifiedPoints("C", {"W": (POINTS,)}, NO_DRIFT))
    assert LIMITS.off_threshold(corrected) == LIMITS.off_threshold(Conditions())


def test_power_that_flows_back_is_not_corrected() -> None:
    reading = Reading(Volt(230.0), Ampere(1.0), Watt(-100.0), WattHour(0.0), Second(0.0))
    budget = LIMITS.power_budget(reading, Conditions(certified=CertifiedPoints("C", {"W": (POINTS,)}, NO_DRIFT)))
    assert budget.correction == 0.0
    assert budget.part("deviation that is not corrected") == pytest.approx(0.4)


def test_a_quantity_that_was_not_calibrated_keeps_its_makers_limits() -> None:
    conditions = Conditions(certified=CertifiedPoints("C", {"W": (POINTS,)}, NO_DRIFT))
    reading = Reading(Volt(230.0), Ampere(1.0), Watt(230.0), WattHour(0.0), Second(0.0))
    assert LIMITS.voltage_budget(reading, conditions) == LIMITS.voltage_budget(reading, Conditions())


@given(
    steps=st.lists(st.tuples(st.floats(1, 1000), st.floats(1, 600)), min_size=1, max_size=8),
    errors=st.lists(st.floats(-1, 1), min_size=4, max_size=4),
)
def test_corrected_power_and_energy_hold_the_truth_of_a_meter_that_errs_as_its_certificate_says(
    steps: list[tuple[float, float]], errors: list[float]
) -> None:
    curve = Curve(tuple(Point(w, e, 0.01, 2.0) for w, e in zip((1.0, 50.0, 400.0, 1100.0), errors, strict=True)))
    conditions = Conditions(certified=CertifiedPoints("C", {"W": (curve,)}, NO_DRIFT))
    shown = true = 0.0
    for watts, seconds in steps:
        real = watts - curve.deviation(watts)
        low, high = power(watts, NO_DRIFT, curve).bounds(watts)
        assert low <= real <= high
        shown += watts * seconds / 3600
        true += real * seconds / 3600
    loaded = sum(seconds for _, seconds in steps)
    low, high = LIMITS.energy_budget(shown, loaded, shown, conditions).bounds(shown)
    assert low <= true <= high
    assert math.isfinite(high)


# --- on a bench ------------------------------------------------------------------------------------------------


def test_the_shipped_samples_fit_the_virtual_instruments(tmp_path: Path) -> None:
    for name in ("hmc8015.xml", "it8615.xml", "authority.pem"):
        shutil.copy(SHIPPED / name, tmp_path / name)
    text = (ROOT / "rigs/virtual.yaml").read_text(encoding="utf-8")
    for role, name in (("meter", "hmc8015"), ("load", "it8615")):
        named = f"{role}: {{certificate: {name}.xml, authority: authority.pem}}"
        text = text.replace(f"{role}: {{calibration: 'none: virtual'}}", named)
    (tmp_path / "bench.yaml").write_text(text)
    bench = RigFile.load(tmp_path / "bench.yaml")
    identities: dict[str, Any] = {"meter": HMC8015, "load": Identity("ITECH", "IT8615", "KN34243232", "01.00")}
    assert {role: file.other_instrument(identities[role]) for role, file in bench.certificates.items()} == {
        "meter": "",
        "load": "",
    }
    refuse_expired(bench)
