"""Worked examples of AIAG, Measurement Systems Analysis, 4th edition, as printed there and elsewhere.

The figures beside the data are the printed ones, not computed here.
"""

from __future__ import annotations

from hil.history.studies.sessions import Measured
from hil.study.anova import Observed

GAGE_RR = """\
0.29 -0.56 1.34 0.47 -0.80 0.02 0.59 -0.31 2.26 -1.36
0.41 -0.68 1.17 0.50 -0.92 -0.11 0.75 -0.20 1.99 -1.25
0.64 -0.58 1.27 0.64 -0.84 -0.21 0.66 -0.17 2.01 -1.31
0.08 -0.47 1.19 0.01 -0.56 -0.20 0.47 -0.63 1.80 -1.68
0.25 -1.22 0.94 1.03 -1.20 0.22 0.55 0.08 2.12 -1.62
0.07 -0.68 1.34 0.20 -1.28 0.06 0.83 -0.34 2.19 -1.50
0.04 -1.38 0.88 0.14 -1.46 -0.29 0.02 -0.46 1.77 -1.49
-0.11 -1.13 1.09 0.20 -1.07 -0.67 0.01 -0.56 1.45 -1.77
-0.15 -0.96 0.67 0.11 -1.45 -0.49 0.21 -0.49 1.87 -2.16
"""
"""10 parts in columns; three trials of each of three appraisers in rows."""

LINEARITY = {
    2.0: "2.70 2.50 2.40 2.50 2.70 2.30 2.50 2.50 2.40 2.40 2.60 2.40",
    4.0: "5.10 3.90 4.20 5.00 3.80 3.90 3.90 3.90 3.90 4.00 4.10 3.80",
    6.0: "5.80 5.70 5.90 5.90 6.00 6.10 6.00 6.10 6.40 6.30 6.00 6.10",
    8.0: "7.60 7.70 7.80 7.70 7.80 7.80 7.80 7.70 7.80 7.50 7.60 7.70",
    10.0: "9.10 9.30 9.50 9.30 9.40 9.50 9.50 9.50 9.60 9.20 9.30 9.40",
}
"""Twelve trials of each of five parts, by the reference value of the part."""


def gage_rr() -> list[Observed]:
    """Return the values of the example of repeatability and reproducibility."""
    return [
        Observed(str(part), "ABC"[row // 3], float(text))
        for row, line in enumerate(GAGE_RR.splitlines())
        for part, text in enumerate(line.split(), 1)
    ]


def linearity_example() -> list[Measured]:
    """Return the values of the example of linearity."""
    return [
        measured(float(text), level=reference, trial=trial)
        for reference, line in LINEARITY.items()
        for trial, text in enumerate(line.split(), 1)
    ]


def measured(
    value: float,
    *,
    level: float = 100.0,
    trial: int = 1,
    reference: float | None = None,
    known: float | None = 0.0,
    quantity: str = "power",
    uncertainty: float = 1.0,
) -> Measured:
    """Return a measurement; the reference is the level unless it is given."""
    return Measured(quantity, level, trial, value, uncertainty, level if reference is None else reference, known)
