"""How a counterpart will cheat: as a step says itself, or by a row of the abuse catalogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hil.errors import AuthorError
from hil.links.abuses.catalogue import AbuseRow, catalogue, executable_by

CREDIT_AT_RISK_SAT = 2625
"""The credit that a session has left when the next payment is signed: 2100 mWh (SPEC, "What each side can lose")."""

COUNTERPART = "counterpart"
"""Source of the events that tell that it cheats."""


@dataclass(frozen=True)
class AbusePlan:
    """How the counterpart will cheat.

    :param kind: ``underpay``, ``stranger``, ``withhold`` (cable) or ``overcharge``, ``divert`` (socket); empty if it
        is a row of the catalogue.
    :param from_payment: number of the first payment that it spoils; None: as the row says.
    :param amount_sat: satoshi, for ``underpay`` and ``overcharge``.
    :param row: the row of the catalogue.
    """

    kind: str
    from_payment: int | None
    amount_sat: int = 0
    row: AbuseRow | None = None

    @classmethod
    def of_catalogue(cls, who: str, abuse: str, from_payment: int | None = None) -> AbusePlan:
        """Return the plan for a row of the catalogue; AuthorError if it is none that ``who`` can carry out.

        Some abuses come before any payment, so that there is no first payment to begin with.
        """
        row = executable_by(who, abuse)
        if from_payment is not None and row.from_payment == 0:
            raise AuthorError(f"'{abuse}' comes before any payment", remedy="Leave out 'from the … payment on'.")
        return cls("", from_payment, row=row)

    def check(self, setup: str, mode: str) -> None:
        """Raise AuthorError if this cannot be shown with this device under test in this mode."""
        row = self.row
        if row is not None and not setup.startswith(row.device):
            raise AuthorError(f"'{row.id}' is for a scenario with the {row.device} under test")
        if row is not None and mode not in row.modes:
            raise AuthorError(f"'{row.id}' is for {' and '.join(row.modes)} mode, not for {mode} mode")

    @property
    def first_payment(self) -> int:
        """Number of the first payment that it spoils."""
        if self.from_payment is not None:
            return self.from_payment
        return self.row.from_payment if self.row is not None else 1

    @property
    def loses_sat(self) -> int:
        """What a row of the catalogue may cost a cable, in satoshi; if it comes later, credit can be lost, too."""
        if self.row is None:
            return 0
        begins_later = 1 <= self.row.from_payment < self.first_payment
        return (self.row.loses_sat or 0) + (CREDIT_AT_RISK_SAT if begins_later else 0)


def row_of(abuse: str) -> AbuseRow:
    """Return the row of the catalogue with this id, which it has."""
    return catalogue()[abuse]


def read_abuse(who: str) -> Callable[[str], str]:
    """Return a reader of the ids of what ``who`` can do, for the steps; it raises AuthorError for any other text."""
    return lambda text: executable_by(who, text).id


def abuses_of(who: str) -> Callable[[], Sequence[str]]:
    """Return what lists the ids of all that ``who`` can do."""
    return lambda: [row.id for row in catalogue().values() if row.who == who and row.executable]
