"""YAML files that people write: read so that every error can name ``file:line:column``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedBase, TaggedScalar
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from hil.errors import ConfigurationError


class _Constructor(RoundTripConstructor):
    """Reads a date as the text that stands there; ruamel raises for 2025-02-30, and does not say where."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_yaml_str)


def load(path: Path) -> object:
    """Return the document in the file ``path``; raises ConfigurationError if it cannot be read or is no YAML."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"cannot be read ({error.strerror})", place=str(path)) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"cannot be read (no UTF-8: {error.reason})", place=str(path)) from None
    return parse(text, str(path))


def parse(text: str, file: str) -> object:
    """Return the document, whose nodes know their places; raises ConfigurationError for what is no YAML."""
    try:
        yaml = YAML()
        yaml.Constructor = _Constructor
        return yaml.load(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        raise ConfigurationError(f"this is no YAML: {error.problem}", place=where) from None
    except (YAMLError, ValueError, TypeError, OverflowError) as error:
        raise ConfigurationError(f"this is no YAML: {' '.join(str(error).split())}", place=file) from None
    except RecursionError:
        raise ConfigurationError("this is nested too deeply", place=file) from None


def place(document: object, keys: Sequence[str | int]) -> str:
    """Return ``line:column`` of the deepest part of ``keys`` that exists."""
    line, column = 1, 1
    for key in keys:
        if not isinstance(document, CommentedBase) or not isinstance(document, Mapping | Sequence):
            break
        places = document.lc.data or {}
        if key not in places:
            break
        line, column = places[key][0] + 1, places[key][1] + 1
        document = document[key]  # type: ignore[index]  # a mapping or a list, and the key is in it
    return f"{line}:{column}"


def plain(node: object) -> object:
    """Return the node as plain Python, tagged scalars as their text."""
    if isinstance(node, Mapping):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, TaggedScalar):
        return str(node.value)
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [plain(value) for value in node]
    for kind in (bool, int, float, str):  # ruamel keeps each number's spelling in a class of its own
        if isinstance(node, kind):
            return kind(node)
    return node
