"""Values that people write in a rig file: quantities with their unit, days, and names of plug-ins.

Quantities are read as numbers in the base unit.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from hil.errors import AuthorError, ConfigurationError
from hil.plugins.groups import LEDGER_VIEWS
from hil.plugins.registry import find
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


def _ledger_view(name: str) -> str:
    """Return the name of a view of the ledger as its plug-in is called; ValueError if there is none, as above."""
    try:
        return find(LEDGER_VIEWS, name).name
    except ConfigurationError as error:
        raise ValueError(str(error).removesuffix(".")) from None


LedgerViewName = Annotated[str, AfterValidator(_ledger_view)]
Day = Annotated[str, BeforeValidator(_day)]
Power = Annotated[float, _quantity(Dimension.POWER)]
Energy = Annotated[float, _quantity(Dimension.ENERGY)]
Current = Annotated[float, _quantity(Dimension.CURRENT)]
Voltage = Annotated[float, _quantity(Dimension.VOLTAGE)]
Duration = Annotated[float, _quantity(Dimension.DURATION)]
