"""Which commands of its manual each virtual instrument knows: ``hil/vbench/instruments/commands/<dialect>.yaml``.

A row is one command of the manual with its page (or another source), and what becomes of it here:

- ``supported``: every line of ``send`` is taken, and a line with a question is answered (by ``reply``, if it is given).
- ``refused``: the last line of ``send`` leaves ``error`` in the queue, as the manual documents it.
- ``missing``: the instrument does not know the header, or leaves ``error``; the table says so instead of silence.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from hil.yaml_file import Strict, load

FOLDER = Path(__file__).parents[2] / "vbench" / "instruments" / "commands"


class Row(Strict):
    """One command."""

    command: str
    """As the manual writes it: capitals are the short form."""
    page: str
    """Page of the manual, or a key of ``sources`` and what to look at there: ``yoko: _WT310_COMMANDS``."""
    status: Literal["supported", "refused", "missing"]
    send: list[str] = Field(min_length=1)
    """Lines to a meter or load that has just been switched on, in order."""
    reply: str | None = None
    """Regular expression for the whole answer to the last line."""
    error: int | None = None
    """Code that the last line leaves in the error queue."""
    note: str = ""
    """What differs from the manual, why it is refused, or what would miss it."""

    @model_validator(mode="after")
    def _tells_what_comes(self) -> Self:
        if (self.status == "supported" and self.error is not None) or (self.status == "refused" and self.error is None):
            raise ValueError(f"{self.command}: '{self.status}' does not go with error: {self.error}")
        if self.status == "missing" and not self.note:
            raise ValueError(f"{self.command}: what is missing needs a note")
        return self


class CommandTable(Strict):
    """All rows of one dialect."""

    title: str
    """The instrument, as its maker writes it."""
    role: Literal["meter", "load"]
    sources: dict[str, str]
    """What the keys in ``page`` stand for; ``manual`` is the one that plain page numbers belong to."""
    before: list[str] = Field(default_factory=list)
    """Lines that each row needs first, such as those that switch headers off."""
    error_query: str = "SYST:ERR?"
    undefined: int = -113
    """Error code of a header that the instrument does not know."""
    commands: list[Row]


@cache
def tables() -> dict[str, CommandTable]:
    """Return the table of each dialect that has one, by name."""
    found = {path.stem: CommandTable.model_validate(load(path)) for path in sorted(FOLDER.glob("*.yaml"))}
    if not found:
        raise LookupError(f"no table of commands in {FOLDER}")
    return found
