"""Repeatability and reproducibility by the ANOVA method of AIAG, Measurement Systems Analysis, 4th edition (MSA-4).

Levels are its parts, sessions its appraisers. Both are random, so the variance components follow from the expected mean
squares. An interaction whose F test is not significant at 5 % is pooled with the residual, as in the manual's example.
A component that comes out negative is zero. The analysis of variance itself is that of statsmodels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hil.errors import ConfigurationError

SIGNIFICANT = 0.05
"""Below this probability of F an interaction is taken to be real."""

SIGMAS = 6
"""Standard deviations that a tolerance is held against: 99.7 % of normal values."""

DISTINCT = 1.41
"""Square root of 2, as the manual rounds it: ndc counts intervals of 97 % of the rig in the variation of parts."""


RESIDUAL = "Residual"


class Observed(NamedTuple):
    """A value in its cell."""

    part: str
    session: str
    value: float


@dataclass(frozen=True)
class Row:
    """A line of the table of the analysis of variance; F and its probability are None where nothing is tested."""

    source: str
    degrees: int
    squares: float
    f: float | None
    probability: float | None

    @property
    def mean_square(self) -> float:
        """Sum of squares over degrees of freedom."""
        return self.squares / self.degrees


@dataclass(frozen=True)
class Variation:
    """Standard deviations by where they come from, in the unit of the values; None: the design cannot tell.

    :ivar ev: repeatability, from trial to trial; ``av``: reproducibility, from session to session.
    :ivar interaction: of levels and sessions, 0 if it was pooled; ``pv``: from level to level.
    """

    table: tuple[Row, ...]
    pooled: bool
    ev: float
    av: float | None
    interaction: float | None
    pv: float | None

    @property
    def grr(self) -> float:
        """Repeatability and reproducibility together."""
        return math.hypot(self.ev, self.av or 0.0, self.interaction or 0.0)

    @property
    def tv(self) -> float | None:
        """Total variation."""
        return None if self.pv is None else math.hypot(self.grr, self.pv)

    def share(self, deviation: float | None) -> float | None:
        """Return a standard deviation in percent of the total variation."""
        return None if deviation is None or not self.tv else 100 * deviation / self.tv

    def of_tolerance(self, tolerance: float) -> float:
        """Return GRR in percent of a tolerance, which is the whole width between two limits."""
        return 100 * SIGMAS * self.grr / tolerance

    @property
    def ndc(self) -> int | None:
        """Number of distinct categories, cut to a whole number; None without variation of parts, or of the rig."""
        return None if self.pv is None or not self.grr else int(DISTINCT * self.pv / self.grr)


def variation(values: Sequence[Observed]) -> Variation:
    """Return the variation of a balanced design: each level equally often in each session, at least twice.

    With one level there is no variation of parts, with one session no reproducibility. Raises ValueError for another
    design, ConfigurationError if the library of statistics is not installed.
    """
    parts, sessions = ({getattr(each, name) for each in values} for name in ("part", "session"))
    trials = len(values) / (len(parts) * len(sessions)) if values else 0
    cells = {(part, session): 0 for part in parts for session in sessions}
    for each in values:
        cells[each.part, each.session] += 1
    if trials < 2 or set(cells.values()) != {trials}:
        raise ValueError("the design is not balanced, or has less than two trials")
    terms = [name for name, kinds in (("part", parts), ("session", sessions)) if len(kinds) > 1]
    crossed = len(terms) == 2
    table = _table(values, ["part", "session", "part:session"] if crossed else terms)
    pooled = False
    if crossed:
        interaction = table["part:session"]
        pooled = interaction.probability is None or interaction.probability > SIGNIFICANT
        if pooled:
            table = _table(values, terms)
            table = {
                **{term: table[term] for term in terms},
                interaction.source: interaction,
                RESIDUAL: table[RESIDUAL],
            }
    return _components(table, len(parts), len(sessions), int(trials), pooled=pooled)


def _components(table: dict[str, Row], parts: int, sessions: int, trials: int, *, pooled: bool) -> Variation:
    error = table[RESIDUAL].mean_square
    both = parts > 1 and sessions > 1
    below = table["part:session"].mean_square if both and not pooled else error

    def component(name: str, times: int) -> float | None:
        return _root((table[name].mean_square - below) / times) if name in table else None

    return Variation(
        table=tuple(table.values()),
        pooled=pooled,
        ev=_root(error),
        av=component("session", parts * trials),
        interaction=None if not both else 0.0 if pooled else _root((below - error) / trials),
        pv=component("part", sessions * trials),
    )


def _root(variance: float) -> float:
    return math.sqrt(max(0.0, variance))


def _table(values: Sequence[Observed], terms: Sequence[str]) -> dict[str, Row]:
    """Return the lines by their source; the residual is the last."""
    pandas, formula, anova = _libraries()
    model = f"value ~ {' + '.join(':'.join(f'C({name})' for name in term.split(':')) for term in terms) or '1'}"
    fitted = formula(model, data=pandas.DataFrame(values)).fit()
    if not terms:
        return {RESIDUAL: Row(RESIDUAL, int(fitted.df_resid), float(fitted.ssr), None, None)}
    rows = {}
    for source, row in anova(fitted).iterrows():
        name = str(source).replace("C(", "").replace(")", "")
        f, probability = (float(row[each]) for each in ("F", "PR(>F)"))
        tested = not math.isnan(f)  # infinite where trials do not scatter at all
        found = Row(name, round(row["df"]), float(row["sum_sq"]), *((f, probability) if tested else (None, None)))
        rows[name] = found
    return rows


def require_statistics() -> None:
    """Raise ConfigurationError if the library of statistics is not installed: before anything is switched."""
    _libraries()


def _libraries() -> tuple[Any, Any, Any]:
    try:
        import pandas
        from statsmodels.formula.api import ols
        from statsmodels.stats.anova import anova_lm
    except ModuleNotFoundError as error:
        raise missing(error) from None
    return pandas, ols, anova_lm


def missing(error: ModuleNotFoundError) -> ConfigurationError:
    """Return the error of a library of statistics that is not installed."""
    return ConfigurationError(
        f"the library {error.name} is missing. Install it: pip install 'micropay-hil[study]'", place="hil rig study"
    )
