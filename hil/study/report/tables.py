"""The tables of a study in words: the same for the terminal and the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hil.report.text_format import date
from hil.study.decisions import Decision
from hil.study.limits import Decidable
from hil.study.quantities import QuantityResult
from hil.study.result import StudyResult
from hil.units import format_quantity

NONE = "\u2013"


@dataclass(frozen=True)
class Table:
    """A table with its title.

    :ivar numbers: the columns with numbers, from 0.
    :ivar bad: rows that a reader must see, from 0.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    bad: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()


def tables(result: StudyResult, *, brief: bool = False) -> list[Table]:
    """Return all tables, those that decide first.

    :param brief: for a terminal, which shows the last lines: those that decide come last, and of the biases only that
        of all levels and the largest.
    """
    quantities = result.quantities
    shown = [
        _limits(result, brief=brief),
        _variation(quantities),
        _bias(quantities, brief=brief),
        _linearity(quantities),
        _stability(quantities),
        _sessions(result),
    ]
    return shown[::-1] if brief else [*shown[:-1], _anova(quantities), shown[-1]]


def _limits(result: StudyResult, *, brief: bool) -> Table:
    notes, severity = [], list(Decidable)
    ordered = sorted(result.decisions, key=lambda each: severity.index(each.decidable), reverse=not brief)
    if result.unknown_limits:
        notes.append(f"{result.unknown_limits} steps have limits that only a run can tell; they are not listed.")
    if any(each.extrapolated for each in result.decisions):
        notes.append("*: beyond the levels of the study; the measured U is extrapolated in proportion.")
    return Table(
        "Limits that the features declare",
        ("Measurement", "Limit", "U stated", "U measured", "Guard band w", "GRR of tolerance", "This rig", "Shows"),
        tuple(map(_limit_row, ordered)),
        frozenset(range(2, 6)),
        frozenset(number for number, each in enumerate(ordered) if each.decidable is Decidable.NO),
        tuple(notes),
    )


def _limit_row(decision: Decision) -> tuple[str, ...]:
    unit, limit = decision.unit, decision.limit
    stated = NONE if decision.stated is None else format_quantity(decision.stated, unit)
    star = "*" if decision.extrapolated else ""
    return (
        limit.name,
        str(limit.limit),
        stated,
        format_quantity(decision.measured, unit) + star,
        format_quantity(decision.guard_band, unit),
        NONE if decision.of_tolerance is None else percent(decision.of_tolerance),
        decision.decidable.value,
        _brief(limit.requirements) or limit.place,
    )


def _brief(ids: Sequence[str], most: int = 2) -> str:
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return ", ".join(ids[:most]) + more


def _variation(quantities: Sequence[QuantityResult]) -> Table:
    rows, bad = [], set()
    for number, each in enumerate(quantities):
        found, unit = each.variation, each.unit
        outside = f"{len(each.outside)} of {len(each.values)}" if each.reference_known else NONE
        if each.outside:
            bad.add(number)
        deviations = (found.av, found.interaction, found.grr, found.pv)
        share = found.share(found.grr)
        rows.append(
            (
                each.quantity,
                _repeatability(each),
                *(NONE if value is None else format_quantity(value, unit) for value in deviations),
                NONE if share is None else percent(share),
                NONE if found.ndc is None else str(found.ndc),
                format_quantity(each.uncertainty, unit),
                outside,
            )
        )
    head = ("Quantity", "EV", "AV", "Interaction", "GRR", "PV", "GRR of total", "ndc", "U measured", "Beyond stated U")
    notes = [
        "EV: repeatability, AV: reproducibility, PV: variation of the levels; each a standard deviation. The levels are"
        " chosen, so GRR of the total variation and ndc tell of this choice too; GRR of a tolerance does not.",
    ]
    if any(each.by_resolution for each in quantities):
        notes.append(
            "r: the trials differ by less than the resolution of the meter. EV is the share of the resolution: half of"
            " the last digit, or of an update for times, over the root of 3."
        )
    numbers = frozenset(range(1, 10))
    return Table("Repeatability and reproducibility", head, tuple(rows), numbers, frozenset(bad), tuple(notes))


def _repeatability(result: QuantityResult) -> str:
    if not result.repeatability_known:
        return NONE
    return format_quantity(result.variation.ev, result.unit) + (" r" if result.by_resolution else "")


def _bias(quantities: Sequence[QuantityResult], *, brief: bool) -> Table:
    rows = []
    for each in quantities:
        largest = max((abs(bias.mean) for bias in each.biases), default=0.0)
        for bias in each.biases:
            if brief and bias.level is not None and abs(bias.mean) < largest:
                continue
            level = "all levels" if bias.level is None else format_quantity(bias.level, each.unit)
            interval = (
                NONE
                if math.isinf(bias.high)
                else f"{format_quantity(bias.low, each.unit)} to {format_quantity(bias.high, each.unit)}"
            )
            probability = NONE if bias.probability is None else f"{bias.probability:.3f}"
            of = "sessions" if bias.of_sessions else "trials"
            rows.append(
                (
                    each.quantity,
                    level,
                    format_quantity(bias.mean, each.unit),
                    interval,
                    probability,
                    f"{bias.count} {of}",
                    "yes" if bias.significant else "no",
                )
            )
    head = ("Quantity", "Level", "Bias", "Interval of 95 %", "p", "Of", "Significant")
    notes = () if rows else ("No reference is known, so there is no bias.",)
    return Table("Bias against the reference", head, tuple(rows), frozenset({2, 3, 4}), notes=notes)


def _linearity(quantities: Sequence[QuantityResult]) -> Table:
    rows = [
        (
            each.quantity,
            f"{1000 * found.slope:.4g} m{each.unit}/{each.unit}",
            f"{found.slope_probability:.3f}",
            format_quantity(found.intercept, each.unit),
            f"{found.intercept_probability:.3f}",
            percent(100 * found.r_squared),
        )
        for each in quantities
        if (found := each.linearity) is not None
    ]
    head = ("Quantity", "Slope", "p", "Intercept", "p", "R²")
    notes = () if rows else ("Fewer than three levels have a known reference, so there is no line.",)
    return Table("Linearity: the bias over the reference", head, tuple(rows), frozenset(range(1, 6)), notes=notes)


def _stability(quantities: Sequence[QuantityResult]) -> Table:
    rows = []
    for each in quantities:
        found = each.stability
        if found is None:
            continue
        limits = found.limits
        told = NONE
        if limits is not None:
            told = f"{format_quantity(limits.lower, each.unit)} to {format_quantity(limits.upper, each.unit)}"
        center = NONE if limits is None else format_quantity(limits.center, each.unit)
        signals = str(len({signal.index for signal in found.signals}))
        level = format_quantity(found.level, each.unit)
        rows.append((each.quantity, level, str(len(found.points)), center, told, signals))
    head = ("Quantity", "Level", "Sessions", "Center", "Control limits", "Signals")
    return Table("Stability: the mean deviation of each session", head, tuple(rows), frozenset(range(1, 6)))


def _anova(quantities: Sequence[QuantityResult]) -> Table:
    rows = []
    for each in quantities:
        for row in each.variation.table:
            pooled = " (pooled)" if ":" in row.source and each.variation.pooled else ""
            rows.append(
                (
                    each.quantity,
                    _SOURCES.get(row.source, row.source) + pooled,
                    str(row.degrees),
                    f"{row.squares:.5g}",
                    f"{row.mean_square:.5g}",
                    NONE if row.f is None else f"{row.f:.4g}",
                    NONE if row.probability is None else f"{row.probability:.4f}",
                )
            )
    head = ("Quantity", "Source", "Degrees", "Sum of squares", "Mean square", "F", "p")
    return Table("Analysis of variance", head, tuple(rows), frozenset(range(2, 7)))


_SOURCES = {"part": "levels", "session": "sessions", "part:session": "interaction", "Residual": "trials"}


def _sessions(result: StudyResult) -> Table:
    rows = tuple(
        (date(each.began) or NONE, each.run_id, each.bench, each.operator, each.seed, str(len(each.measured)))
        for each in result.sessions
    )
    head = ("Began", "Run", "Bench", "Operator", "Seed", "Measurements")
    return Table("Sessions", head, rows, frozenset({5}))


def percent(value: float) -> str:
    """Return a percentage as it is printed."""
    return f"{value:.3g} %" if value < 1000 else f"{value:.0f} %"
