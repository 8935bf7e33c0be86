"""The results of a calibration certificate: each form of them counts, or is told; none is passed over."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import ConfigurationError, RigFault
from hil.evidence.uncertainty import Budget, CertifiedUncertainty, Conditions
from hil.instruments.hmc8015 import LIMITS
from hil.ports import Reading
from hil.rig.check.calibration import calibration, refuse_expired
from hil.rig.check.findings import Level
from hil.rig.config.calibration.points import CertifiedPoints, Curve, Point
from hil.rig.description import recorded_calibration
from hil.tests.rig.config.calibration.bench import read, signed
from hil.tests.rig.config.calibration.made import Sample, Table, document
from hil.units import Ampere, Second, Volt, Watt, WattHour

WATTS = Table(r"\watt", (10, 100, 500, 1000, 2000), (0.05, 0.08, 0.2, 0.35, 0.6), (0.02, 0.03, 0.08, 0.15, 0.3))
VOLTS = Table(r"\volt", (110, 230, 260), (0.01, 0.03, 0.04), (0.01, 0.015, 0.02))
WHOLE = document(Sample(tables=(WATTS, VOLTS))).decode()
LIST = re.search(r"<dcc:list.*?</dcc:list>", WHOLE, re.DOTALL)
assert LIST is not None
POWER = LIST.group()
"""The list of what was measured of power; that of the voltage follows."""

NO_DRIFT = CertifiedUncertainty(0.0, 0.0, 2.0, "C")
OLD, NEW = ("si:expandedUnc", "si:uncertainty"), ("si:expandedMU", "si:valueExpandedMU")


def instead(power: str) -> str:
    """Return the certificate with other results of power."""
    return WHOLE.replace(POWER, power)


def found_before(kind: str = "", power: str = POWER) -> str:
    """Return the certificate with one result more, which is first: 4 W too much at 11, 101, … W."""
    for old, new in (("0.05 0.08 0.2 0.35 0.6", "4 4 4 4 4"), ("10 100 500 1000 2000", "11 101 501 1001 2001")):
        power = power.replace(old, new)
    name = '<dcc:name><dcc:content lang="en">As found</dcc:content></dcc:name>'
    result = f"<dcc:result{kind}>{name}<dcc:data>{power}</dcc:data></dcc:result>"
    return WHOLE.replace("<dcc:results>", f"<dcc:results>{result}")


def under(power: str, condition: str) -> str:
    """Return a list with an influence condition."""
    inside = f"<dcc:influenceConditions>{condition}</dcc:influenceConditions></dcc:list>"
    return power.removesuffix("</dcc:list>") + inside


def real(kind: str, value: float, unit: str, expanded: float | None = None, spelling: tuple[str, str] = NEW) -> str:
    """Return a quantity that is one number, with U (k = 2) as D-SI writes it since 2.2, or did before."""
    told = ""
    if expanded is not None:
        where, amount = spelling
        told = f"<{where}><{amount}>{expanded}</{amount}><si:coverageFactor>2</si:coverageFactor></{where}>"
        if spelling == NEW:
            told = f"<si:measurementUncertaintyUnivariate>{told}</si:measurementUncertaintyUnivariate>"
    number = f"<si:real><si:value>{value}</si:value><si:unit>{unit}</si:unit>{told}</si:real>"
    return f'<dcc:quantity refType="{kind}">{number}</dcc:quantity>'


def condition(kind: str, value: float, unit: str) -> str:
    """Return an influence condition that is one number."""
    data = f"<dcc:data>{real(kind, value, unit)}</dcc:data>"
    return f'<dcc:influenceCondition refType="{kind}">{data}</dcc:influenceCondition>'


def point_by_point(table: Table, spelling: tuple[str, str] = NEW, *, kelvins: bool = False) -> str:
    """Return the table as a list for each point, each at a temperature of its own if told so."""
    lists = []
    for number, (shown, deviation, expanded) in enumerate(
        zip(table.shown, table.deviations, table.expanded, strict=True)
    ):
        pair = real("basic_measuredValue", shown, table.unit)
        pair += real("basic_measurementError", deviation, table.unit, expanded, spelling)
        one = f"<dcc:list>{pair}</dcc:list>"
        lists.append(under(one, condition("basic_temperature", 295 + number, r"\kelvin")) if kelvins else one)
    return "".join(lists)


def power_budget(curves: tuple[Curve, ...], watts: float, drift: CertifiedUncertainty | None = None) -> Budget:
    reading = Reading(Volt(230.0), Ampere(abs(watts) / 230), Watt(watts), WattHour(0.0), Second(0.0))
    return LIMITS.power_budget(reading, Conditions(certified=CertifiedPoints("C", {"W": curves}, drift)))


# --- every form counts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "power",
    [
        f"<dcc:list>{POWER}</dcc:list>",
        f"<dcc:list><dcc:list>{POWER}</dcc:list></dcc:list>",
        point_by_point(WATTS),
        point_by_point(WATTS, OLD),
        f"<dcc:list>{point_by_point(WATTS, kelvins=True)}</dcc:list>",
        re.sub("</?dcc:list[^>]*>", "", POWER),
        POWER.replace("<si:realListXMLList>", "<si:hybrid><si:realListXMLList>").replace(
            "</si:realListXMLList>", "</si:realListXMLList></si:hybrid>"
        ),
    ],
    ids=["in a list", "in two lists", "by point", "by point, old", "with temperatures", "no list", "hybrid"],
)
def test_power_is_read_in_whatever_lists_it_stands(power: str) -> None:
    assert instead(power) != WHOLE
    found = read(instead(power).encode())
    assert found.unread == ()
    assert found.curves["W"] == read(WHOLE.encode()).curves["W"]
    assert found.curves["V"] == read(WHOLE.encode()).curves["V"]


def test_lists_that_follow_each_other_are_one_curve() -> None:
    low = Table(r"\watt", (10, 100), (0.05, 0.08), (0.02, 0.03))
    high = Table(r"\watt", (500, 1000, 2000), (0.2, 0.35, 0.6), (0.08, 0.15, 0.3))
    assert read(document(Sample(tables=(high, low)))).curves["W"] == read(WHOLE.encode()).curves["W"]


def test_numbers_in_influence_conditions_are_no_results() -> None:
    inside = condition("basic_measuredValue", 7, r"\watt") + condition("basic_measurementError", 7, r"\watt")
    assert read(instead(under(POWER, inside)).encode()).curves["W"] == read(WHOLE.encode()).curves["W"]


# --- what cannot be read is told -------------------------------------------------------------------------------


PERCENT = POWER.replace(r"0.6</si:valueXMLList><si:unitXMLList>\watt", r"0.6</si:valueXMLList><si:unitXMLList>\percent")
APART = POWER.replace("<dcc:quantity", "<dcc:list><dcc:quantity").replace(
    "</dcc:quantity>", "</dcc:quantity></dcc:list>"
)
"""Each column in a list of its own."""
CHARS = "<dcc:charsXMLList>a b</dcc:charsXMLList>"


@pytest.mark.parametrize(
    ("power", "words"),
    [
        ("", "no deviations of power that could be reckoned with, and power decides"),
        (PERCENT, r"basic_measuredValue in W and basic_measurementError in \percent"),
        (POWER.replace(r"\watt", r"\volt\ampere"), "no deviations of power"),
        (POWER + PERCENT, r"basic_measurementError in \percent"),
        (re.sub(r"<si:realListXMLList>.*?</si:realListXMLList>", CHARS, POWER, count=1, flags=re.DOTALL), "not read"),
        (POWER.replace("</dcc:list>", real("basic_measurementError", 1, r"\watt", 1) + "</dcc:list>"), "two columns"),
        (f"{POWER}<dcc:list>{APART}</dcc:list>", "it has basic_measurementError in W"),
        (POWER + POWER.replace("basic_measurementError", "basic_other"), "it has basic_measuredValue in W"),
    ],
    ids=["absent", "percent", "apparent power", "percent beside watt", "text", "two columns", "apart", "other names"],
)
def test_no_acceptance_rests_on_a_certificate_whose_results_of_power_are_not_read(
    tmp_path: Path, power: str, words: str
) -> None:
    bench = signed(tmp_path, instead(power))
    with pytest.raises(RigFault, match=rf"of meter\.xml, .*{re.escape(words)}"):
        refuse_expired(bench, virtual=True)
    doubt = recorded_calibration(bench.options.instruments["meter"], bench.certificates["meter"])["doubt"]
    assert words in doubt
    notes = [each.what for each in calibration(bench, date(2026, 6, 1)) if each.level is Level.NOTE]
    assert any(words in each and "no acceptance run can rest on it" in each for each in notes)


def test_a_certificate_that_holds_nothing_else_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"'meter\.xml': it holds no deviations.*in \\percent"):
        signed(tmp_path, document(Sample(tables=(WATTS,))).decode().replace(POWER, PERCENT))


# --- before and after an adjustment ----------------------------------------------------------------------------


STATUS = '<dcc:influenceCondition refType="basic_state"><dcc:status>{}</dcc:status></dcc:influenceCondition>'


@pytest.mark.parametrize(
    "text",
    [
        found_before(' refType="basic_beforeAdjustment"'),
        found_before(' refType="gp_table1 basic_beforeRepair"'),
        found_before(' refType="basic_asFound"'),
        found_before(power=POWER.replace("gp_table1", "basic_beforeAdjustment")),
        found_before(power=under(POWER, STATUS.format("beforeAdjustment"))),
        found_before(' refType="basic_asFound"', power=PERCENT),
        found_before(
            power=f"<dcc:list>{POWER}<dcc:influenceConditions>{STATUS.format('beforeRepair')}"
            "</dcc:influenceConditions></dcc:list>"
        ),
    ],
    ids=["result", "repair", "as found", "list", "status", "as found in percent", "status of an outer list"],
)
def test_what_was_measured_before_an_adjustment_does_not_count(text: str) -> None:
    found = read(text.encode())
    assert found.curves == read(WHOLE.encode()).curves
    assert found.unread == ()
    assert power_budget(found.curves["W"], 501.0, NO_DRIFT).correction == pytest.approx(-0.2003)


def test_a_status_of_after_counts_beside_one_of_before() -> None:
    text = found_before(' refType="basic_beforeAdjustment"').replace(
        f"{POWER}\n", under(POWER, STATUS.format("afterAdjustment"))
    )
    assert "afterAdjustment" in text
    assert read(text.encode()).curves["W"] == read(WHOLE.encode()).curves["W"]


def test_as_found_alone_counts_since_the_instrument_was_not_adjusted() -> None:
    text = WHOLE.replace("gp_measuringResult1", "basic_asFound")
    assert read(text.encode()).curves == read(WHOLE.encode()).curves


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (WHOLE.replace("gp_measuringResult1", "basic_beforeAdjustment"), "is from before an adjustment or repair"),
        (WHOLE.replace("gp_measuringResult1", "basic_asFound basic_asLeft"), "does not tell which of its results"),
    ],
)
def test_results_of_another_state_of_the_instrument_are_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read(text.encode())


def test_results_that_contradict_each_other_and_say_nothing_of_it_count_both() -> None:
    curves = read(found_before().encode()).curves["W"]
    assert len(curves) == 2
    budget = power_budget(curves, 501.0, NO_DRIFT)
    low, high = budget.bounds(501.0)
    assert low <= 501.0 - 4.0
    assert high >= 501.0 - 0.2
    assert budget.part("conditions of the calibration") == pytest.approx((4 - 0.2003) / 2)


# --- several power factors -------------------------------------------------------------------------------------


LOW = POWER.replace("0.05 0.08 0.2 0.35 0.6", "-0.1 -0.2 -0.9 -1.8 -3.5").replace("0.02 0.03", "0.04 0.06")
FACTOR = condition("basic_powerFactor", 0.5, r"\one")


def column_of_factors() -> str:
    """Return one list with the points at both power factors, which are a column of it."""
    numbers = [re.findall(r"<si:(?:valueXMLList|uncertaintyXMLList)>(.*?)<", each) for each in (POWER, LOW)]
    both = POWER
    for first, second in zip(*numbers, strict=True):
        both = both.replace(f">{first}<", f">{first} {second}<")
    factors = f"<si:valueXMLList>{'1 ' * 5}{'0.5 ' * 5}</si:valueXMLList><si:unitXMLList>\\one</si:unitXMLList>"
    column = f"<si:realListXMLList>{factors}</si:realListXMLList>"
    return both.replace("</dcc:list>", f'<dcc:quantity refType="basic_powerFactor">{column}</dcc:quantity></dcc:list>')


@pytest.mark.parametrize(
    "power",
    [
        POWER + under(LOW, FACTOR),
        under(LOW, FACTOR) + POWER,
        f"<dcc:list>{POWER}{under(LOW, FACTOR)}</dcc:list>",
        column_of_factors(),
    ],
    ids=["condition", "condition first", "nested", "column"],
)
def test_each_power_factor_is_a_curve_of_its_own(tmp_path: Path, power: str) -> None:
    bench = signed(tmp_path, instead(power))
    refuse_expired(bench, virtual=True)
    file = bench.certificates["meter"].certificate
    assert file is not None
    assert sorted(each.points[0].deviation for each in file.curves["W"]) == [-0.1, 0.05]
    assert {len(each.points) for each in file.curves["W"]} == {5}


def test_points_at_the_same_indication_need_a_condition_that_tells_them_apart() -> None:
    with pytest.raises(ValueError, match="at the same indication, in W, and no condition tells them apart"):
        read(instead(point_by_point(WATTS) + point_by_point(WATTS)).encode())


DEVIATIONS = st.lists(st.floats(-2, 2), min_size=4, max_size=4)
INDICATIONS = (1.0, 50.0, 400.0, 1100.0)


@given(
    both=st.lists(DEVIATIONS, min_size=2, max_size=3),
    steps=st.lists(st.tuples(st.floats(1, 1000), st.floats(1, 600), st.integers(0, 2)), min_size=1, max_size=8),
    corrected=st.booleans(),
)
def test_bounds_hold_the_truth_at_whichever_of_its_conditions_the_meter_works(
    both: list[list[float]], steps: list[tuple[float, float, int]], corrected: bool
) -> None:
    curves = tuple(
        Curve(tuple(Point(w, e, 0.01, 2.0) for w, e in zip(INDICATIONS, errors, strict=True))) for errors in both
    )
    drift = NO_DRIFT if corrected else None
    shown = true = 0.0
    for watts, seconds, which in steps:
        real_power = watts - curves[which % len(curves)].deviation(watts)
        low, high = power_budget(curves, watts, drift).bounds(watts)
        assert low <= real_power <= high
        shown += watts * seconds / 3600
        true += real_power * seconds / 3600
    loaded = sum(seconds for _, seconds, _ in steps)
    if corrected:
        conditions = Conditions(certified=CertifiedPoints("C", {"W": curves}, drift))
        low, high = LIMITS.energy_budget(shown, loaded, shown, conditions).bounds(shown)
        assert low <= true <= high


def test_of_several_curves_the_steepest_tells_what_lies_between_points_and_what_a_varying_load_costs() -> None:
    flat = Curve((Point(10.0, 0.0, 0.02, 2.0), Point(1000.0, 0.0, 0.02, 2.0)))
    steep = Curve((Point(10.0, -1.0, 0.02, 2.0), Point(1000.0, 1.0, 0.02, 2.0)))
    assert power_budget((flat, steep), 505.0, NO_DRIFT).part("between two points") == pytest.approx(1.0)
    around = Conditions(certified=CertifiedPoints("C", {"W": (flat, steep)}, NO_DRIFT))
    assert LIMITS.energy_budget(252.5, 1800.0, 252.5, around).part("load that varies") == pytest.approx(0.5)


# --- power that flows back, and numbers that cannot be ---------------------------------------------------------


def test_a_point_below_zero_is_one_of_what_flows_back(tmp_path: Path) -> None:
    table = Table(r"\watt", (-1000, -100, 0, 100, 1000), (-5.0, -0.5, 0.01, 0.1, 0.3), (0.4, 0.1, 0.02, 0.05, 0.1))
    bench = signed(tmp_path, document(Sample(tables=(table,))).decode())
    refuse_expired(bench, virtual=True)
    certificate = bench.certificates["meter"].certificate
    assert certificate is not None
    forward, back = sorted(certificate.curves["W"], key=lambda each: each.points[0].shown)
    assert back.points == (Point(100.0, 0.5, 0.1, 2.0), Point(1000.0, 5.0, 0.4, 2.0))
    assert [each.shown for each in forward.points] == [0.0, 100.0, 1000.0]
    for drift in (None, NO_DRIFT):
        low, high = power_budget(certificate.curves["W"], -1000.0, drift).bounds(-1000.0)
        assert low <= -1000.0 + 5.0 + 0.4 <= high


@pytest.mark.parametrize(
    ("expanded", "k"), [(0.0, 2.0), (-0.1, 2.0), (0.1, 1000.0), (0.1, 14.1), (0.1, 0.5), (0.1, 0.0)]
)
def test_an_uncertainty_that_no_calibration_has_is_refused(expanded: float, k: float) -> None:
    table = Table(r"\watt", (10, 1000), (0.01, 0.3), (0.1, expanded), k)
    with pytest.raises(ValueError, match="cannot be; U is above 0, k from 1 to 14"):
        read(document(Sample(tables=(table,))))


@pytest.mark.parametrize(
    ("k", "probability", "half_width"),
    [
        (2.0, "0.95", 0.3),
        (1.0, "0.6827", 0.6),
        (1.65, "0.95", 0.3 * 2 / 1.65),
        (3.0, "0.9973", 0.2),
        (2.58, "0.99", 0.3 * 2 / 2.5758),
        (13.97, "0.9545", 0.3),
        (3.0, "0.95", 0.3),
        (3.0, "1", 0.2),
        (3.0, None, 0.3),
    ],
)
def test_a_large_k_lowers_u_only_as_far_as_the_probability_that_it_covers(
    k: float, probability: str | None, half_width: float
) -> None:
    text = document(Sample(tables=(Table(r"\watt", (1000,), (0.1,), (0.3,), k),))).decode()
    told = "<si:coverageProbabilityXMLList>0.95</si:coverageProbabilityXMLList>"
    assert told in text
    text = text.replace(told, "" if probability is None else told.replace("0.95", probability))
    assert read(text.encode()).curves["W"][0].half_width(1000.0) == pytest.approx(half_width, rel=1e-3)


@pytest.mark.parametrize("probability", ["0", "1.5", "-0.95", "95"])
def test_a_probability_that_cannot_be_is_refused(probability: str) -> None:
    with pytest.raises(ValueError, match="the probability up to 1"):
        read(WHOLE.replace(">0.95<", f">{probability}<").encode())
