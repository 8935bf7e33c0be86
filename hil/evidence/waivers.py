"""Known deviations that someone has accepted until a day: the list ``waivers`` of ``reports/acceptance.yaml``.

A waiver changes no verdict and no exit code. A scenario that failed is still a fail in the evidence; the reports say
beside it who accepted that, why, and until when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, field_validator

from hil.yaml_file import Keys, Strict, mistakes, told

Words = Annotated[str, Field(min_length=1)]


class Waiver(Strict):
    """A known deviation, and who accepted it until when.

    :param id: of the laboratory's own, e.g. ``DEV-12``.
    :param scenario: which one may fail, as ``hil run`` names it: ``features/toast.feature::One slice of bread``.
    :param measurement: the one measurement of it that may fail; None: each of them.
    :param reason: why it is accepted.
    :param who: the person who accepted it.
    :param until: the last day, by UTC, on which it counts.
    """

    id: Words
    scenario: Words
    measurement: Words | None = None
    reason: Words
    who: Words
    until: date

    @field_validator("scenario")
    @classmethod
    def _names_a_feature(cls, scenario: str) -> str:
        feature, separator, name = scenario.partition("::")
        if not (feature and separator and name):
            raise ValueError("must name feature and scenario: features/toast.feature::One slice of bread")
        return scenario

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self | None:
        """Return the waiver that was recorded; None for what is none, in evidence that others wrote."""
        try:
            return cls.model_validate(dict(row))
        except (ValidationError, TypeError):
            return None


def flaws_of(waivers: object) -> list[tuple[Keys, str]]:
    """Return the mistakes in the list ``waivers`` of a file, with the keys that lead to each."""
    if not isinstance(waivers, Sequence) or isinstance(waivers, str):
        return [(("waivers",), told(("waivers",), f"this is a list of known deviations (read: {waivers!r})"))]
    found: list[tuple[Keys, str]] = []
    seen: set[str] = set()
    for number, row in enumerate(waivers):
        keys: Keys = ("waivers", number)
        if not isinstance(row, Mapping):
            found.append((keys, told(keys, f"this is a mapping: id, scenario, reason, who, until (read: {row!r})")))
            continue
        try:
            waiver = Waiver.model_validate(dict(row))
        except ValidationError as error:
            found += [((*keys, *deeper), told((*keys, *deeper), what)) for deeper, what in mistakes(error, Waiver, row)]
            continue
        if waiver.id in seen:
            found.append(((*keys, "id"), told((*keys, "id"), f"another deviation has this id (read: {waiver.id!r})")))
        seen.add(waiver.id)
    return found
