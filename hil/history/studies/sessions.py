"""What a session of a study has measured: plain data, as history and analysis take it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """One measurement of a session.

    :ivar quantity: ``power``, ``energy``, ``voltage`` or ``time``; other numbers are in W, Wh, V or s.
    :ivar level: nominal value of the level.
    :ivar trial: how often this level was measured before in the session, from 1.
    :ivar value: what the rig states.
    :ivar uncertainty: U that the rig states with it.
    :ivar reference: what was expected under the conditions of this trial.
    :ivar reference_uncertainty: U of that, 0 for the true value of a virtual bench; None: it is not known.
    """

    quantity: str
    level: float
    trial: int
    value: float
    uncertainty: float
    reference: float
    reference_uncertainty: float | None

    @property
    def deviation(self) -> float:
        """By how much the value is above the reference."""
        return self.value - self.reference

    @property
    def adjusted(self) -> float:
        """The value as it would be had the reference been at its nominal level."""
        return self.level + self.deviation

    @property
    def within(self) -> bool | None:
        """Whether the deviation is explained by both uncertainties; None if that of the reference is not known."""
        if self.reference_uncertainty is None:
            return None
        return abs(self.deviation) <= self.uncertainty + self.reference_uncertainty


@dataclass(frozen=True)
class StudySession:
    """Measurements without a break on one bench: what MSA calls an appraiser.

    :ivar run_id: of the run folder that holds its evidence; ``number`` of the scenario in it.
    :ivar began: in UTC, ISO 8601.
    :ivar bench: which bench, by name: on a virtual rig each session has instruments with errors of their own.
    :ivar digest: evidence digest of the run.
    """

    run_id: str
    number: int
    digest: str
    began: str
    rig: str
    virtual: bool
    bench: str
    operator: str
    seed: str
    measured: tuple[Measured, ...]

    @property
    def label(self) -> str:
        """Name of the session, unlike that of any other."""
        return f"{self.run_id} {self.bench}"

    def of(self, quantity: str) -> list[Measured]:
        """Return the measurements of a quantity."""
        return [each for each in self.measured if each.quantity == quantity]

    def design_key(self) -> tuple[tuple[str, float], ...]:
        """Return its levels: sessions with the same ones can be taken together."""
        return tuple(sorted({(each.quantity, round(each.level, 9)) for each in self.measured}))
