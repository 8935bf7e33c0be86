"""What meters and loads have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.conformance.finding import expect

if TYPE_CHECKING:
    from hil.ports import Instrument


def identified(instrument: Instrument) -> None:
    """It says by whom it was made, and which model it is."""
    identity = instrument.identity
    expect(all((identity.manufacturer, identity.model)), f"manufacturer and model were expected, found {identity}")


def quiet(instrument: Instrument) -> None:
    """There is nothing in its error queue; what there was is gone afterwards."""
    errors = instrument.errors()
    expect(errors == [], f"an empty error queue was expected, found {'; '.join(errors)}")
