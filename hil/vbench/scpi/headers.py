"""Replies that begin with the header of their question, as instruments with ``COMMunicate:HEADer`` give them."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from hil.vbench.scpi.parameters import Choice, Command, forms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hil.vbench.scpi.engine import Commands, Store

_SUFFIX = re.compile(r"<\d+-\d+>")


class Answer(NamedTuple):
    """One part of the reply to the question for a group's settings."""

    names: tuple[str, ...]
    """The header, mnemonic by mnemonic."""
    value: str


class Headers:
    """Whether replies carry a header now, and in which form."""

    def __init__(self) -> None:
        self.on = True
        self.verbose = True
        """Long form with everything that may be left out; short form without it otherwise. Character data too."""

    def wrap(self, commands: Commands) -> Commands:
        """Return ``commands`` with queries whose replies carry the header while ``on``."""
        return {
            pattern: Command(partial(self._reply, pattern, command.handler), command.parameters, command.required)
            if pattern.endswith("?")
            else command
            for pattern, command in commands.items()
        }

    def character_setting(self, pattern: str, choice: Choice, store: Store, name: str) -> Commands:
        """Return set command and query for a name of a closed list, which the query writes in the present form."""
        return {
            pattern: Command(lambda value: setattr(store(), name, value), (choice,)),
            f"{pattern}?": Command(lambda: self.character(choice, getattr(store(), name))),
        }

    def character(self, choice: Choice, short: str) -> str:
        """Return a name of a closed list in the present form."""
        return choice.long(short) if self.verbose else short

    def group(self, prefix: str, commands: Commands) -> Command:
        """Return the question for all settings below ``prefix``: those of ``commands`` with a query, in their order.

        Its reply can be sent back to the instrument: a header that follows one with the same beginning leaves that out.
        """
        below = f"{_plain(prefix)}:"
        queries = {
            pattern: command.handler
            for pattern, command in commands.items()
            if pattern.endswith("?") and "<" not in pattern and f"{_plain(pattern)}:".startswith(below)
        }

        def read() -> str:
            return self.join(Answer(self.names(pattern), str(handler())) for pattern, handler in queries.items())

        return Command(read)

    def join(self, answers: Iterable[Answer]) -> str:
        """Return one reply that holds them all."""
        if not self.on:
            return ";".join(answer.value for answer in answers)
        path: tuple[str, ...] = ()
        units = []
        for names, value in answers:
            follows = bool(path) and names[: len(path)] == path
            header = ":".join(names[len(path) :]) if follows else ":" + ":".join(names)
            units.append(f"{header} {value}")
            path = names[:-1]
        return ";".join(units)

    def names(self, pattern: str, *numbers: object) -> tuple[str, ...]:
        """Return the mnemonics of a header in the present form; ``numbers`` are its variable numeric suffixes."""
        text = pattern.removesuffix("?")
        text = _plain(text) if self.verbose else re.sub(r"\[[^\]]*\]", "", text)
        names = []
        for name in text.split(":"):
            plain = _SUFFIX.sub("", name)
            number = str(numbers[0]) if plain != name and numbers else ""
            names.append(forms(plain)[self.verbose] + number)
        return tuple(names)

    def _reply(self, pattern: str, handler: Callable[..., str | None], *arguments: object) -> str | None:
        reply = handler(*arguments)
        return f":{':'.join(self.names(pattern, *arguments))} {reply}" if self.on else reply


def _plain(pattern: str) -> str:
    return re.sub(r"[\[\]?]", "", pattern)
