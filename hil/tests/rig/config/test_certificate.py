"""What a certificate states enters the meter's budgets; what cannot be reckoned with is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import ConfigurationError
from hil.evidence.uncertainty import CertifiedUncertainty
from hil.instruments.hmc8015 import LIMITS
from hil.rig.config.certificate import Uncertainty, read_uncertainty
from hil.rig.config.rig_file import RigFile

ROOT = Path(__file__).parents[4]


def rig(folder: Path, meter: str, more: str = "") -> RigFile:
    text = (ROOT / "rigs/virtual.yaml").read_text(encoding="utf-8")
    facts = "      meter: {calibration: 'none: virtual'}\n"
    assert facts in text
    text = text.replace(facts, f"      meter: {meter}\n").replace("    plant: {}\n", f"    plant: {{}}\n{more}")
    (folder / "bench.yaml").write_text(text, encoding="utf-8")
    return RigFile.load(folder / "bench.yaml")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("0.03 %", (0.0003, 0.0, None)),
        ("± 0.03 % of reading", (0.0003, 0.0, None)),
        ("0.2 W", (0.0, 0.2, None)),
        ("200 mW (k = 2)", (0.0, 0.2, 2.0)),
        ("0.03 % + 0.2 W, k=3", (0.0003, 0.2, 3.0)),
        ("0.2 W + 0.03 % of the reading (k=1.65)", (0.0003, 0.2, 1.65)),
    ],
)
def test_an_uncertainty_is_a_part_of_the_reading_a_power_or_both(text: str, read: tuple[float, float, float]) -> None:
    assert read_uncertainty(text) == pytest.approx(Uncertainty(*read))


@given(st.floats(0, 5).map(lambda x: round(x, 4)), st.floats(0, 20).map(lambda x: round(x, 3)), st.integers(1, 4))
def test_what_is_written_is_read_again(percent: float, watts: float, k: int) -> None:
    found = read_uncertainty(f"{percent:.4f} % + {watts:.3f} W (k = {k})")
    assert found == pytest.approx(Uncertainty(percent / 100, watts, float(k)))


@pytest.mark.parametrize(
    "text",
    [
        "from the certificate",
        "0.03",
        "",
        "-0.1 %",
        "0.1 % + 0.2 %",
        "2 V",
        "0.1 % (k = 0)",
        "0.1 % (k = 1000)",
        "0 %",
        "0 % + 0 W",
    ],
)
def test_what_cannot_be_reckoned_with_is_refused_with_its_place_and_what_is_allowed(tmp_path: Path, text: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"bench\.yaml:\d+:\d+: options\.rig\.instruments\.meter\.uncertainty"
    ) as caught:
        rig(tmp_path, f"{{calibration: 'No. 7', due: 2999-01-01, uncertainty: '{text}'}}")
    assert "'0.03 % + 0.2 W'" in str(caught.value) or "k is from 1 to 14" in str(caught.value)


@pytest.mark.parametrize(
    ("facts", "k"),
    [
        ("uncertainty: '0.04 % + 1 W'", 2.0),
        ("uncertainty: '0.04 % + 1 W', k: 4", 4.0),
        ("uncertainty: '0.04 % + 1 W (k = 1)'", 1.0),
    ],
)
def test_a_certificate_makes_power_and_energy_as_uncertain_as_it_says(tmp_path: Path, facts: str, k: float) -> None:
    around = rig(tmp_path, f"{{calibration: 'No. 7', due: 2999-01-01, {facts}}}").conditions
    assert around.certified == CertifiedUncertainty(0.0004, 1.0, k, "No. 7")
    energy = LIMITS.energy_budget(1000.0, 1800.0, 1000.0, around)
    assert energy.part("calibration") == pytest.approx((0.4 + 0.5) * 2 / k)
    without = LIMITS.energy_budget(1000.0, 1800.0, 1000.0, rig(tmp_path, "{calibration: 'No. 7'}").conditions)
    assert energy.expanded == pytest.approx(without.expanded + energy.part("calibration"))


def test_a_room_beyond_the_reference_range_makes_everything_less_certain(tmp_path: Path) -> None:
    around = rig(tmp_path, "{calibration: 'No. 7'}", "    ambient: {low: 15, high: 30}\n").conditions
    assert LIMITS.energy_budget(1000.0, 1800.0, 1000.0, around).part("temperature") == pytest.approx(1000 * 0.0003 * 3)


@pytest.mark.parametrize(
    ("ambient", "words"),
    [
        ("{low: 30, high: 15}", "low is 30 °C, above high"),
        ("{low: -5, high: 15}", "low: .*5.*read: -5"),
        ("{low: 15}", "high: Field required"),
    ],
)
def test_a_room_that_cannot_be_is_refused(tmp_path: Path, ambient: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        rig(tmp_path, "{calibration: 'No. 7'}", f"    ambient: {ambient}\n")
