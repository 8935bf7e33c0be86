"""Headers and lines of SCPI-99 (volume 1, chapter 6): the command tree, and how a line falls apart.

Patterns are written as in manuals: capitals are the short form, ``[...]`` may be left out, ``<1-4>`` is a numeric
suffix with its limits (1 if left out), ``?`` at the end makes a query: ``CHANnel<1-1>[:ACQuire]:VOLTage:RANGe?``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hil.vbench.scpi.parameters import Command, forms
from hil.vbench.scpi.status import ScpiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_SUFFIXED = re.compile(r"(\w+?)<(\d+)-(\d+)>")
_HEADER = re.compile(r"(?:[*&][A-Za-z]+|:?[A-Za-z]\w*(?::[A-Za-z]\w*)*)\??", re.ASCII)
_MNEMONIC = re.compile(r"([A-Z][A-Z_]*)(\d*)")
_COMMON = ("*", "&")
"""Begin the headers of a table: common commands, and an instrument's interface messages over a socket (``&GTL``)."""

LONGEST_MNEMONIC = 12
"""Characters of one mnemonic (IEEE 488.2, 7.6.1.4.1), its numeric suffix not counted."""


def spellings(pattern: str) -> Iterator[str]:
    """Yield the pattern with every combination of its optional parts."""
    match = _OPTIONAL.search(pattern)
    if match is None:
        yield pattern
        return
    head, tail = pattern[: match.start()], pattern[match.end() :]
    yield from spellings(head + tail)
    yield from spellings(head + match[1] + tail)


@dataclass
class Node:
    """One mnemonic of the tree."""

    suffixes: range | None = None
    children: dict[str, Node] = field(default_factory=dict)
    command: Command | None = None
    query: Command | None = None

    def child(self, written: str) -> Node:
        """Return the child of this name, made if need be; ``written`` may carry suffix limits."""
        match = _SUFFIXED.fullmatch(written)
        name = match[1] if match else written
        if not name.replace("_", "").isalpha():
            raise ValueError(f"'{written}' is not a mnemonic")
        suffixes = range(int(match[2]), int(match[3]) + 1) if match else None
        short, long = forms(name)
        node = self.children.setdefault(short, Node(suffixes))
        if self.children.setdefault(long, node) is not node or node.suffixes != suffixes:
            raise ValueError(f"two patterns disagree about {name}")
        return node


@dataclass(frozen=True)
class Position:
    """A node together with the variable numeric suffixes on the way to it."""

    node: Node
    suffixes: tuple[int, ...] = ()

    def step(self, mnemonic: str) -> Position:
        """Go down by one mnemonic as the client wrote it; raises ScpiError if there is no such child."""
        match = _MNEMONIC.fullmatch(mnemonic.upper())
        if match is not None and len(match[1]) > LONGEST_MNEMONIC and match[1] not in self.node.children:
            raise ScpiError(-112, mnemonic[:20])
        node = self.node.children.get(match[1]) if match else None
        if match is None or node is None or (match[2] and node.suffixes is None):
            raise ScpiError(-113, mnemonic[:20])
        if node.suffixes is None:
            return Position(node, self.suffixes)
        # more than three digits are out of range for sure, and int() of a very long text is slow or refused
        suffix = int(match[2] or 1) if len(match[2]) <= 3 else -1
        if suffix not in node.suffixes:
            raise ScpiError(-114, mnemonic[:20])
        return Position(node, (*self.suffixes, suffix) if len(node.suffixes) > 1 else self.suffixes)


class Tree:
    """The commands of one instrument: subsystem headers in a tree, common commands (``*IDN?``) in a table."""

    def __init__(self, commands: Mapping[str, Command]) -> None:
        self.root = Position(Node())
        self._common = {pattern: command for pattern, command in commands.items() if pattern.startswith(_COMMON)}
        for pattern, command in commands.items():
            if not pattern.startswith(_COMMON):
                self._add(pattern, command)

    def _add(self, pattern: str, command: Command) -> None:
        for spelling in spellings(pattern.removesuffix("?")):
            node = self.root.node
            for mnemonic in spelling.split(":"):
                node = node.child(mnemonic)
            if pattern.endswith("?"):
                node.query = command
            else:
                node.command = command

    def resolve(self, header: str, path: Position) -> tuple[Command, tuple[int, ...], Position]:
        """Return command, suffixes and the path for the next header of the line.

        A header without leading colon starts at ``path``, which is where the last header of the line ended less
        its last mnemonic; common commands leave the path alone.
        """
        if not _HEADER.fullmatch(header):
            raise ScpiError(-102, header[:20])
        is_query = header.endswith("?")
        name = header.removesuffix("?")
        if name.startswith(_COMMON):
            common = self._common.get(header.upper())
            if common is None:
                raise ScpiError(-113, header[:20])
            return common, (), path
        position = self.root if name.startswith(":") else path
        parent = position
        for mnemonic in name.removeprefix(":").split(":"):
            parent, position = position, position.step(mnemonic)
        command = position.node.query if is_query else position.node.command
        if command is None:
            raise ScpiError(-113, header[:20])
        return command, position.suffixes, parent


def split(text: str, separator: str) -> list[str]:
    """Split outside quotes and blocks, and strip the parts; raises ScpiError if one of them is left open.

    A quote that is doubled inside a string closes and opens it again, so it needs no care here. The data of a block
    (``#15a;b,c``; IEEE 488.2, 7.7.6) is skipped by its length; ``#0`` reaches to the end of the line.
    """
    if "#" not in text and '"' not in text and "'" not in text:
        return [part.strip() for part in text.split(separator)]
    parts, start, i = [], 0, 0
    while i < len(text):
        character = text[i]
        if character in "\"'":
            i = text.find(character, i + 1)
            if i < 0:
                raise ScpiError(-151)
        elif character == "#" and text[i + 1 : i + 2].isdigit():
            i = _end_of_block(text, i + 1) - 1
        elif character == separator:
            parts.append(text[start:i].strip())
            start = i + 1
        i += 1
    parts.append(text[start:].strip())
    return parts


def _end_of_block(text: str, at: int) -> int:
    """Return where the block ends whose first digit stands ``at``; raises ScpiError if it is cut off."""
    digits = int(text[at])
    if digits == 0:
        return len(text)
    length = text[at + 1 : at + 1 + digits]
    end = at + 1 + digits + (int(length) if length.isdigit() else len(text))
    if len(length) < digits or end > len(text):
        raise ScpiError(-161)
    return end
