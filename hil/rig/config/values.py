"""Values that people write in a rig file: quantities with their unit, read as numbers in the base unit, and days."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BeforeValidator

from hil.errors import AuthorError
from hil.units import Dimension, parse


def _quantity(dimension: Dimension) -> BeforeValidator:
    def read(value: object) -> float:
        try:
            return float(parse(str(value), dimension))
        except AuthorError as error:
            raise ValueError(error.what) from None

    return BeforeValidator(read)


def _day(value: object) -> object:
    """Return a day as it is written; ValueError for one that no calendar has."""
    if isinstance(value, str):
        try:
            date.fromisoformat(value)
        except ValueError:
            raise ValueError("there is no such day; written like 2027-01-31") from None
    return value


Day = Annotated[str, BeforeValidator(_day)]
Power = Annotated[float, _quantity(Dimension.POWER)]
Energy = Annotated[float, _quantity(Dimension.ENERGY)]
Current = Annotated[float, _quantity(Dimension.CURRENT)]
Voltage = Annotated[float, _quantity(Dimension.VOLTAGE)]
Duration = Annotated[float, _quantity(Dimension.DURATION)]
