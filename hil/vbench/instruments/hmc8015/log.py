"""Data logging of the HMC8015 to its internal memory: the LOG group.

Unverified and ours: the columns of the file, and that logging refuses a name that is taken.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from hil.vbench.instruments.hmc8015.files import FOLDER, NAME, PLACES, Files, file_name, refuse_stick
from hil.vbench.instruments.hmc8015.settings import PAGES
from hil.vbench.scpi.engine import Commands, choice_setting, integer_setting, number_setting
from hil.vbench.scpi.parameters import Boolean, Choice, Command, Integer, Number
from hil.vbench.scpi.status import ScpiError, string

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.instruments.hmc8015.calendar import Calendar
    from hil.vbench.instruments.hmc8015.settings import Settings

MODES: Final = Choice("UNLimited", "COUNt", "TIME", "DURation", "SPAN")
FORMATS: Final = Choice("CSV", "TXT")
SEPARATORS: Final = {"CSV": ",", "TXT": "\t"}
ROUNDING_S: Final = 1e-6


class Log:
    """Writes the functions of one page, interval by interval.

    :param values: returns the present values of functions, as text.
    :param full: called with the error when the memory is full.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        files: Files,
        calendar: Calendar,
        now: Callable[[], float],
        values: Callable[[tuple[str, ...]], list[str]],
        full: Callable[[ScpiError], None],
    ) -> None:
        self._settings = settings
        self._files = files
        self._calendar = calendar
        self._now = now
        self._values = values
        self._full = full
        self.running = False

    def stop(self) -> None:
        """End logging; the file stays."""
        self.running = False

    def record(self, instant: float) -> None:
        """Write a line if one is due at the instant of a reading."""
        if instant + ROUNDING_S < self._due:
            return
        if instant > self._end + ROUNDING_S or self._left <= 0:
            self.stop()
            return
        while self._due <= instant + ROUNDING_S:
            self._due += self._interval
        stamp = self._calendar.shown(instant)
        self._write([f"{stamp:%Y-%m-%d %H:%M:%S}.{stamp.microsecond // 1000:03d}", *self._values(self._functions)])
        self._left -= 1
        if self._left <= 0:
            self.stop()

    def commands(self) -> Commands:
        """Return the LOG group, less the start time."""
        settings = self._settings
        return {
            **choice_setting("LOG:MODE", MODES, settings, "log_mode"),
            **choice_setting("LOG:FORMat", FORMATS, settings, "log_format"),
            **number_setting("LOG:INTerval", Number(0.1, 600, 0.1, "S"), settings, "log_interval"),
            **number_setting("LOG:DURation", Number(1, 345_600, 60, "S"), settings, "log_duration"),
            **integer_setting("LOG:COUNt", Integer(1, 100_000), settings, "log_count"),
            **integer_setting("LOG:PAGE", Integer(1, PAGES), settings, "log_page"),
            "LOG:FNAMe": Command(self._set_name, (NAME, PLACES), required=1),
            "LOG:FNAMe?": Command(lambda: string(FOLDER + self._name())),
            "LOG[:STATe]": Command(self._switch, (Boolean(),)),
            "LOG[:STATe]?": Command(lambda: "1" if self.running else "0"),
        }

    def _name(self) -> str:
        name, suffix = self._settings().log_name, self._settings().log_format
        if not name:
            return self._files.free_name(suffix)
        return name if "." in name else f"{name}.{suffix}"

    def _set_name(self, text: str, place: str = "INT") -> None:
        refuse_stick(place)
        self._settings().log_name = file_name(text)

    def _switch(self, on: bool) -> None:
        if not on:
            self.stop()
        elif not self.running:
            self._start()

    def _start(self) -> None:
        settings, now = self._settings(), self._now()
        begin = now
        if settings.log_mode == "SPAN" and settings.log_start is not None:
            begin = max(now, self._calendar.instant(settings.log_start))
        self._file = self._files.create(self._name())
        self._separator = SEPARATORS[settings.log_format]
        self._functions = settings.page_functions(settings.log_page)
        self._interval = settings.log_interval
        self._due = begin
        self._end = begin + settings.log_duration if settings.log_mode in {"TIME", "DUR", "SPAN"} else math.inf
        self._left = settings.log_count if settings.log_mode == "COUN" else math.inf
        self.running = True
        self._write(["Timestamp", *self._functions])

    def _write(self, cells: list[str]) -> None:
        if not self._files.append(self._file, (self._separator.join(cells) + "\r\n").encode("ascii")):
            self.stop()
            self._full(ScpiError(-254))
