"""How a measurement is decided, in words: the same in every report."""

from __future__ import annotations

from hil.evidence.documents import Verdict

RULES: tuple[tuple[str, str], ...] = (
    (
        "interval",
        "For timing. The true value lies between two bounds: an edge between two samples, each clock within its "
        "bound. Pass if the worst possible value is within the limit, fail if the best possible value is beyond it, "
        "otherwise inconclusive. Printed as the middle of the interval ± half its width.",
    ),
    (
        "guarded",
        "For analogue values, with uncertainty U and guard band w = U (JCGM 106:2012, 8.3; ILAC-G8:09/2019, 4.2.3). U "
        "is the sum of the instrument's limits of error, of its certificate's uncertainty (k = 2) and of what "
        "resolution and sampling leave open, which covers at least what an expanded uncertainty (about 95 %) covers; "
        "the uncertainty budget of a measurement names each part and its source. Pass if the value is within the "
        "limit by at least U, fail if it is beyond it by at least U, otherwise inconclusive.",
    ),
    (
        "exact",
        "For money and counts, which are known without uncertainty.",
    ),
)
"""The name of each rule, and what it says."""

MARGIN = (
    "The margin is the distance from the worst possible value to the nearest limit; negative means that the limit "
    "may be, or is, exceeded. A value that begins with > had not come by then, when the watch ended: an open "
    "interval, which decides like any other. Each measurement and its limit are declared before power is applied; "
    "what it observes decides its rule. One that was not reached is not taken, and shows no requirement."
)
"""What the printed margin and the signs of a value mean."""

VERDICT_WORDS: tuple[tuple[Verdict, str], ...] = (
    (Verdict.PASS, "within the limit"),
    (Verdict.FAIL, "beyond the limit, or never measured"),
    (Verdict.INCONCLUSIVE, "this rig cannot decide"),
    (Verdict.RIG_FAULT, "the bench failed"),
    (Verdict.AUTHOR_ERROR, "the feature or configuration file is wrong"),
    (Verdict.FRAMEWORK_ERROR, "a mistake in the code of the framework or of a step"),
    (Verdict.NOT_APPLICABLE, "this bench cannot offer it"),
    (Verdict.NOT_RUN, "not carried out, or not to its end"),
    (Verdict.ALTERED, "the evidence is not what was recorded"),
)
"""What the verdict of a measurement or a scenario means."""
