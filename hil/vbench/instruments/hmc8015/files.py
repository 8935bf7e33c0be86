"""The internal memory of the HMC8015 and the DATA group, which reads it out.

There is no USB stick: EXTernal is refused with -252. Unverified and ours: how big the memory is, that paths begin with
``/INT/DATA/``, and that file names are told in capitals.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hil.vbench.scpi.engine import Commands
from hil.vbench.scpi.parameters import Choice, Command, Text
from hil.vbench.scpi.replies import block
from hil.vbench.scpi.status import ScpiError, string

if TYPE_CHECKING:
    from collections.abc import Callable

CAPACITY: Final = 8 << 20
"""Bytes of all files."""

FOLDER: Final = "/INT/DATA/"
PLACES: Final = Choice("INTernal", "EXTernal", "DEFault")
NAME: Final = Text(60)
_ALLOWED: Final = re.compile(r"[A-Z0-9_\-]{1,32}(\.[A-Z0-9]{1,3})?")


class Files:
    """Files by name; they outlive ``*RST``, not power-on."""

    def __init__(self) -> None:
        self._files: dict[str, bytearray] = {}

    def power_on(self) -> None:
        """Be empty: benches begin alike."""
        self._files.clear()

    def create(self, name: str) -> bytearray:
        """Return a new file; raises ScpiError if there is one of that name."""
        if name in self._files:
            raise ScpiError(-257, "it exists")
        self._files[name] = bytearray()
        return self._files[name]

    def append(self, file: bytearray, data: bytes) -> bool:
        """Write behind what is there; return False if the memory is full."""
        if sum(map(len, self._files.values())) + len(data) > CAPACITY:
            return False
        file += data
        return True

    def free_name(self, suffix: str) -> str:
        """Return the next of ``LOG0001.CSV``, ``LOG0002.CSV`` and so on that is not taken."""
        number = 1
        while (name := f"LOG{number:04d}.{suffix}") in self._files:
            number += 1
        return name

    def commands(self) -> Commands:
        """Return the DATA group."""
        return {
            "DATA:DATA?": Command(self._of_file(lambda file: block(bytes(file))), (NAME, PLACES), required=1),
            "DATA:POINts?": Command(self._of_file(lambda file: str(len(file))), (NAME, PLACES), required=1),
            "DATA:LIST?": Command(self._list, (PLACES,), required=0),
            "DATA:DELete": Command(self._delete, (NAME, PLACES), required=1),
        }

    def _list(self, place: str = "INT") -> str:
        refuse_stick(place)
        return ",".join(map(string, self._files))

    def _delete(self, text: str, place: str = "INT") -> None:
        refuse_stick(place)
        if self._files.pop(file_name(text), None) is None:
            raise ScpiError(-256)

    def _of_file(self, read: Callable[[bytearray], str]) -> Callable[..., str]:
        def handler(text: str, place: str = "INT") -> str:
            refuse_stick(place)
            file = self._files.get(file_name(text))
            if file is None:
                raise ScpiError(-256)
            return read(file)

        return handler


def refuse_stick(place: str) -> None:
    """Raise ScpiError for the place of a USB stick."""
    if place == "EXT":
        raise ScpiError(-252, "no USB stick")


def file_name(text: str) -> str:
    """Return the name of a file, without the folder; raises ScpiError for one that cannot be."""
    name = text.upper().removeprefix(FOLDER)
    if not _ALLOWED.fullmatch(name):
        raise ScpiError(-257, text[:20])
    return name
