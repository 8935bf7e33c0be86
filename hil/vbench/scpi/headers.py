"""Replies that begin with the header of their question, as instruments with ``COMMunicate:HEADer`` give them."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from hil.vbench.scpi.parameters import Command, forms

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.scpi.engine import Commands

_SUFFIX = re.compile(r"<\d+-\d+>")


class Headers:
    """Whether replies carry a header now, and in which form."""

    def __init__(self) -> None:
        self.on = True
        self.verbose = True
        """Long form with everything that may be left out; short form without it otherwise."""

    def wrap(self, commands: Commands) -> Commands:
        """Return ``commands`` with queries whose replies carry the header while ``on``."""
        return {
            pattern: Command(partial(self._reply, pattern, command.handler), command.parameters, command.required)
            if pattern.endswith("?")
            else command
            for pattern, command in commands.items()
        }

    def _reply(self, pattern: str, handler: Callable[..., str | None], *arguments: object) -> str | None:
        reply = handler(*arguments)
        return f"{self._header(pattern, arguments)} {reply}" if self.on else reply

    def _header(self, pattern: str, arguments: tuple[object, ...]) -> str:
        text = pattern.removesuffix("?")
        text = re.sub(r"[\[\]]", "", text) if self.verbose else re.sub(r"\[[^\]]*\]", "", text)
        names = []
        for name in text.split(":"):
            plain = _SUFFIX.sub("", name)
            number = str(arguments[0]) if plain != name and arguments else ""
            names.append(forms(plain)[self.verbose] + number)
        return ":" + ":".join(names)
