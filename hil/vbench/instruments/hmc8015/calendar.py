"""The HMC8015's own clock: SYSTem:DATE and TIME, and the start times of integrator and log."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from hil.vbench.scpi.engine import Commands
from hil.vbench.scpi.parameters import Command, Integer
from hil.vbench.scpi.status import ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.instruments.hmc8015.settings import Moment, Settings

AT_POWER_ON: Final = datetime(2020, 1, 1)  # noqa: DTZ001 - the instrument knows no time zone
"""What the clock shows when the bench is reset; a run in virtual time must not depend on the day."""

_DATE: Final = (Integer(2000, 2099), Integer(1, 12), Integer(1, 31))
_TIME: Final = (Integer(0, 23), Integer(0, 59), Integer(0, 59))


class Calendar:
    """Shows date and time, which go on with the bench's time.

    :param now: returns the present instant in seconds of virtual time.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.power_on()

    def power_on(self) -> None:
        """Show the date of a power-on, which is at the zero of time."""
        self._zero = AT_POWER_ON

    def shown(self, instant: float) -> datetime:
        """Return date and time at an instant of virtual time."""
        return self._zero + timedelta(seconds=instant)

    def instant(self, moment: Moment) -> float:
        """Return the instant of virtual time at which the clock shows ``moment``; raises ScpiError if there is none."""
        return (_datetime(*moment) - self._zero).total_seconds()

    def commands(self, settings: Callable[[], Settings]) -> Commands:
        """Return those that set and tell it."""
        return {
            "SYSTem:DATE": Command(self._set_date, _DATE),
            "SYSTem:DATE?": Command(lambda: _listed(self._present().timetuple()[:3])),
            "SYSTem:TIME": Command(self._set_time, _TIME),
            "SYSTem:TIME?": Command(lambda: _listed(self._present().timetuple()[3:6])),
            **_start_time("INTegrator", settings, "integrator_start"),
            **_start_time("LOG", settings, "log_start"),
        }

    def _present(self) -> datetime:
        return self.shown(self._now())

    def _set_date(self, year: int, month: int, day: int) -> None:
        present = self._present()
        self._zero += _datetime(year, month, day, present.hour, present.minute, present.second) - present.replace(
            microsecond=0
        )

    def _set_time(self, hour: int, minute: int, second: int) -> None:
        present = self._present()
        self._zero += present.replace(hour=hour, minute=minute, second=second, microsecond=0) - present


def _start_time(prefix: str, settings: Callable[[], Settings], name: str) -> Commands:
    def write(*moment: int) -> None:
        _datetime(*moment)
        setattr(settings(), name, moment)

    def read() -> str:
        moment: Moment | None = getattr(settings(), name)
        return _listed(moment or AT_POWER_ON.timetuple()[:6])

    return {
        f"{prefix}:STIMe": Command(write, (*_DATE, *_TIME)),
        f"{prefix}:STIMe?": Command(read),
    }


def _listed(numbers: tuple[int, ...]) -> str:
    return ",".join(map(str, numbers))


def _datetime(*moment: int) -> datetime:
    try:
        return datetime(*moment)  # type: ignore[arg-type]  # noqa: DTZ001 - as above
    except ValueError:
        raise ScpiError(-222) from None
