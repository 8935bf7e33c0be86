"""Parameter types of a laboratory's own, beside those of the framework (hil/bdd/language/parameters.py)."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from hil.bdd.language.document import shown
from hil.bdd.language.parameters import PARAMETERS, Parameter
from hil.errors import AuthorError

_PLACES: dict[str, str] = {}
"""Where each type of a laboratory's own was made, as ``file:line``."""


def parameter_type(
    *,
    name: str,
    regexp: str,
    example: str,
    read: Callable[[str], object] = str,
    choices: Callable[[], Sequence[str]] = tuple,
) -> None:
    """Make ``{name}`` a parameter type of all steps that are defined after it.

    The Cucumber extension of editors reads the call as plain text, so ``name`` and ``regexp`` are plain strings::

        parameter_type(name="temperature", regexp="-?[0-9]+ ?°C", example="40 °C", read=celsius)

    :param name: lower-case letters and underscores; none that there is already.
    :param regexp: what it matches; a regular expression without a backslash and without a capture group, so ``[0-9]``
        for a digit and ``(?:…)`` for a group.
    :param example: a text that it matches and reads, for ``hil steps`` and messages.
    :param read: returns the value of a text that matches. It raises AuthorError or ValueError that says what is wrong
        and what is allowed.
    :param choices: returns all texts that it may be, if it is one of a list; for the prompt and messages.

    Raises AuthorError if it cannot be such a type.
    """
    caller = sys._getframe(1)
    place = f"{shown(Path(caller.f_code.co_filename))}:{caller.f_lineno}"
    wrong = _wrong_name(name, place) or _wrong_regexp(regexp, example)
    if wrong:
        raise AuthorError(f"the parameter type '{name}': {wrong}", place=place)
    parameter = Parameter(name, regexp, _reader(name, example, read), example, choices)
    try:
        parameter.read(example)
    except AuthorError as error:
        what = f"the parameter type '{name}': its own example cannot be read: {error.what}"
        raise AuthorError(what, place=place) from None
    PARAMETERS[name], _PLACES[name] = parameter, place


def place_of(name: str) -> str:
    """Return where a laboratory makes the type, as ``file:line``; empty for one of the framework."""
    return _PLACES.get(name, "")


def _wrong_name(name: str, place: str) -> str:
    if not re.fullmatch("[a-z]+(?:_[a-z]+)*", name):
        return "a name has lower-case letters and underscores"
    if name not in PARAMETERS:
        return ""
    made = _PLACES.get(name)
    if made is None:
        return f"the framework has one of this name, as in '{PARAMETERS[name].example}'; take another name"
    return "" if made == place else f"it is made already at {made}"  # the same line: its module is loaded once more


def _wrong_regexp(regexp: str, example: str) -> str:
    if "\\" in regexp:
        return f"editors read '{regexp}' as text, so it has no backslash; write [0-9] for a digit, [.] for a dot"
    try:
        compiled = re.compile(regexp)
    except re.error as error:
        return f"'{regexp}' is no regular expression: {error}"
    if compiled.groups:
        return f"'{regexp}' captures a group; write (?:…)"
    return "" if compiled.fullmatch(example) else f"its regular expression does not match its example '{example}'"


def _reader(name: str, example: str, read: Callable[[str], object]) -> Callable[[str], object]:
    def checked(text: str) -> object:
        try:
            return read(text)
        except ValueError as error:
            raise AuthorError(f"'{text}' is not a {name}: {error}; write it as '{example}'") from None

    return checked
