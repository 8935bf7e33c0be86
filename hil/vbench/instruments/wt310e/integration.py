"""Integration of the WT310E: modes, timer, and which commands it forbids (IM WT310E-01EN, chapter 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hil.vbench.scpi.engine import Commands, action
from hil.vbench.scpi.parameters import Choice, Command, Integer
from hil.vbench.scpi.status import ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.instruments.wt310e.settings import Settings
    from hil.vbench.scpi.headers import Headers

MODES: Final = Choice("NORMal", "CONTinuous")
MOST_HOURS: Final = 10_000
"""Of an integration (5-1)."""
STATES: Final = Choice("RESet", "STARt", "STOP", "TIMeup", "ERRor")


class Integration:
    """Starts and stops the integrator of the settings.

    :param now: returns the present instant in seconds of virtual time.
    :param changed: called when integrated values have begun or ended.
    """

    def __init__(self, settings: Callable[[], Settings], now: Callable[[], float], changed: Callable[[], None]) -> None:
        self._settings = settings
        self._now = now
        self._changed = changed

    def settings_commands(self, headers: Headers) -> Commands:
        """Return those whose replies carry a header."""
        return {
            **headers.character_setting("INTEGrate:MODE", MODES, self._settings, "integrator_mode"),
            "INTEGrate:TIMer": Command(self._set_timer, (Integer(0, MOST_HOURS), Integer(0, 59), Integer(0, 59))),
            "INTEGrate:TIMer?": Command(lambda: ",".join(map(str, self._settings().timer))),
        }

    def plain_commands(self, headers: Headers) -> Commands:
        """Return those without a reply, and the state, whose reply never carries a header."""
        return {
            "INTEGrate:STARt": action(self._start),
            "INTEGrate:STOP": action(self._stop),
            "INTEGrate:RESet": action(self._reset),
            "INTEGrate:STATe?": Command(lambda: headers.character(STATES, self._settings().integrator_state)),
        }

    def refuse_while_running(self) -> None:
        """Raise ScpiError for what is forbidden during integration, if it runs."""
        if self._settings().integrator.running:
            raise ScpiError(-813, message="Invalid operation during integration")

    def time_up(self) -> None:
        """The timer has ended the integration; in continuous mode it begins anew at once."""
        settings = self._settings()
        if settings.integrator_mode == "CONT":
            settings.integrator.reset()
            settings.integrator.start(self._now())
        else:
            settings.integrator_state = "TIM"

    def _set_timer(self, hours: int, minutes: int, seconds: int) -> None:
        if hours == MOST_HOURS and (minutes or seconds):
            raise ScpiError(-222)
        self._settings().timer = hours, minutes, seconds

    def _start(self) -> None:
        settings = self._settings()
        if settings.integrator.running:
            raise ScpiError(-842, message="Attempted to start integration while it runs")
        hours, minutes, seconds = settings.timer
        settings.integrator.duration = hours * 3600.0 + minutes * 60.0 + seconds or None
        settings.integrator.start(self._now())
        settings.integrator_state = "STAR"
        self._changed()

    def _stop(self) -> None:
        settings = self._settings()
        if not settings.integrator.running:
            raise ScpiError(-844, message="Attempted to stop integration that does not run")
        settings.integrator.stop(self._now())
        settings.integrator_state = "STOP"

    def _reset(self) -> None:
        settings = self._settings()
        if settings.integrator.running:
            raise ScpiError(-845, message="Attempted to reset integration while it runs")
        settings.integrator.reset()
        settings.integrator_state = "RES"
        self._changed()
