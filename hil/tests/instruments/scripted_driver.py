"""A driver opened on a scripted instrument that plays its transcript."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Generic, Protocol, TypeVar

import pytest

from hil.errors import RigFault
from hil.ports import Instrument
from hil.tests.instruments.scripted import Action, ScriptedInstrument, load_transcript

D = TypeVar("D", bound=Instrument)
Opened = TypeVar("Opened", bound=Instrument, covariant=True)


class Open(Protocol[Opened]):
    """``open_meter`` or ``open_load``."""

    def __call__(self, name: str, resource: str, *, timeout: float) -> Opened: ...


class ScriptedDriver(Generic[D]):
    """Opens ``role`` on the transcript ``name``; call it for the driver and the instrument behind it."""

    def __init__(self, open_driver: Open[D], role: str, name: str) -> None:
        self._open, self._role, self._name = open_driver, role, name

    @contextmanager
    def __call__(self, instead: Mapping[str, list[Action]] | None = None) -> Iterator[tuple[D, ScriptedInstrument]]:
        with (
            ScriptedInstrument(load_transcript(self._name), instead or {}) as instrument,
            closing(self._open(self._role, instrument.resource, timeout=0.2)) as driver,
        ):
            yield driver, instrument

    def refused(self, instead: Mapping[str, list[Action]], verb: Callable[[D], object]) -> str:
        """Return the words of the rig fault, with place and remedy, that ``verb`` must raise."""
        with self(instead) as (driver, _):
            with pytest.raises(RigFault, match=rf"^{self._role} \(TCPIP") as caught:
                verb(driver)
            assert caught.value.remedy
            return str(caught.value)
