"""The current transformer that a rig file states: read, refused with its place, and printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hil.errors import ConfigurationError
from hil.evidence.uncertainty import Conditions
from hil.instruments.current_transformer import CurrentTransformer
from hil.ports import Identity, Meter
from hil.report.equipment import instrument_row
from hil.rig.config.calibration.of_instruments import tell_meter
from hil.rig.config.calibration.transformer import stated_transformer
from hil.rig.config.rig_file import RigFile
from hil.tests.acceptance.commands import ROOT

BY_CLASS = "{ratio: 10, rated: 50 A, accuracy_class: 0.5}"
BY_CERTIFICATE = "{ratio: 10, rated: 50 A, ratio_error: 0.1, displacement: 5, serial: T-4, certificate: C-9}"


def written(folder: Path, facts: str, role: str = "meter") -> Path:
    text = (ROOT / "rigs/virtual.yaml").read_text(encoding="utf-8")
    plain = f"{role}: {{calibration: 'none: virtual'}}"
    assert plain in text
    path = folder / "bench.yaml"
    path.write_text(text.replace(plain, f"{role}: {{calibration: 'none: virtual', current_transformer: {facts}}}"))
    return path


def test_a_class_gives_the_limits_of_the_standard(tmp_path: Path) -> None:
    rig = RigFile.load(written(tmp_path, BY_CLASS))
    transformer = rig.conditions.transformer
    assert isinstance(transformer, CurrentTransformer)
    assert (transformer.ratio, transformer.rated) == (10.0, 50.0)
    assert transformer.limits[-1] == (1.0, 0.5, 30)
    assert transformer.source == "IEC 61869-2, class 0.5, 50 A/5 A"


def test_a_certificate_gives_limits_of_its_own(tmp_path: Path) -> None:
    transformer = RigFile.load(written(tmp_path, BY_CERTIFICATE)).conditions.transformer
    assert isinstance(transformer, CurrentTransformer)
    assert transformer.limits == ((0.05, 0.1, 5.0),)
    assert transformer.source == "certificate C-9, 50 A/5 A"


def test_without_one_the_meter_measures_the_current_itself() -> None:
    assert RigFile.load(ROOT / "rigs/virtual.yaml").conditions.transformer is None


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ("{ratio: 10, rated: 50 A}", "state accuracy_class, or ratio_error and displacement of its certificate"),
        ("{ratio: 10, rated: 50 A, ratio_error: 0.1}", "state accuracy_class, or ratio_error and displacement"),
        ("{ratio: 10, rated: 50 A, accuracy_class: 0.5, displacement: 3}", "state accuracy_class, or"),
        ("{ratio: 10, rated: 50 A, accuracy_class: 3}", "accuracy_class"),
        ("{ratio: 0.5, rated: 50 A, accuracy_class: 0.5}", "ratio"),
        ("{ratio: 2, rated: 5 A, accuracy_class: 0.5}", "5 A hold up to 6 A (120 %); options.rig.limits allow 8.696 A"),
    ],
)
def test_what_cannot_be_reckoned_with_is_refused_with_its_place(tmp_path: Path, facts: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=r"bench\.yaml:\d+:\d+: .*" + re.escape(words)):
        RigFile.load(written(tmp_path, facts))


def test_a_transformer_before_the_load_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="only the lab meter can have a current transformer before it"):
        RigFile.load(written(tmp_path, BY_CLASS, "load"))


def test_the_safe_state_reads_the_transformer_alone_and_does_without_a_file_that_it_cannot_read(tmp_path: Path) -> None:
    path = written(tmp_path, BY_CLASS)
    assert stated_transformer(path) == RigFile.load(path).conditions.transformer
    assert stated_transformer(ROOT / "rigs/virtual.yaml") is None
    path.write_text("options: {rig: {instruments: {meter: {current_transformer: {ratio: many}}}}}")
    assert stated_transformer(path) is None
    path.write_text("- [")
    assert stated_transformer(path) is None
    assert stated_transformer(tmp_path / "missing.yaml") is None


class OtherMeter:
    """A meter whose driver knows nothing of transformers."""

    identity = Identity("ACME", "PM1", "1", "1")
    conditions = Conditions()


def test_a_meter_whose_driver_takes_no_ratio_is_refused(tmp_path: Path) -> None:
    meter: Meter = OtherMeter()  # type: ignore[assignment]
    tell_meter(meter, Conditions(18.0, 28.0))
    assert meter.conditions.coldest == 18.0
    with pytest.raises(ConfigurationError, match="the driver of this PM1 multiplies by no ratio"):
        tell_meter(meter, RigFile.load(written(tmp_path, BY_CLASS)).conditions)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (BY_CLASS, "current transformer 50 A/5 A, class 0.5 (IEC 61869-2)"),
        (
            BY_CERTIFICATE,
            "current transformer 50 A/5 A, ratio error 0.1 %, phase displacement 5 min, serial T-4, certificate C-9",
        ),
    ],
)
def test_report_and_certificate_print_it_with_the_meter(tmp_path: Path, facts: str, words: str) -> None:
    said = RigFile.load(written(tmp_path, facts)).options.instruments["meter"].current_transformer
    assert str(said) == words
    row = instrument_row({"role": "power meter", "transformer": str(said)}, virtual=True)
    assert row.calibration == f"none: virtual; behind a {words}"
