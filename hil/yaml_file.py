"""YAML files that people write: every mistake is told with ``file:line:column``, all mistakes of a file at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeAlias, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedBase, TaggedScalar
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from hil.errors import ConfigurationError, nearest

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Keys: TypeAlias = tuple[str | int, ...]
"""What leads from the top of a document to a value: names and numbers of entries, which count from 0."""


class Strict(BaseModel):
    """A part of a file that a person writes: what is not known in it is a mistake, and it does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: object, info: ValidationInfo) -> object:
        """Refuse true and false where a number is asked for: pydantic reads them as 1 and 0."""
        if isinstance(value, bool) and info.field_name is not None:
            kinds = set(_kinds(cls.model_fields[info.field_name].annotation))
            if kinds & {int, float} and not kinds & {bool, Any}:
                raise ValueError("must be a number, not true or false")
        return value


Model = TypeVar("Model", bound=BaseModel)


class Flaw(NamedTuple):
    """What is wrong, and where it stands; lines and columns count from 1."""

    file: str
    line: int
    column: int
    what: str
    remedy: str = ""
    """What the reader does next, where that is not to mend this file."""

    @classmethod
    def at(cls, file: Path | str, document: object, keys: Keys, what: str, remedy: str = "") -> Flaw:
        """Return a flaw at the deepest part of ``keys`` that the document has."""
        line, _, column = place(document, keys).partition(":")
        return cls(str(file), int(line), int(column), what, remedy)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.what}"


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


def write(document: object, path: Path) -> None:
    """Write a document that :func:`load` returned, changed or not: comments, tags and order stay."""
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(document, file)


def parse(text: str, file: str) -> object:
    """Return the document, whose nodes know their places; raises ConfigurationError for what is no YAML."""
    try:
        yaml = YAML()
        yaml.Constructor = _Constructor
        document = yaml.load(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        raise ConfigurationError(f"this is no YAML: {error.problem}", place=where) from None
    except (YAMLError, ValueError, TypeError, OverflowError) as error:
        raise ConfigurationError(f"this is no YAML: {' '.join(str(error).split())}", place=file) from None
    except AttributeError:  # ruamel's, of a merge key whose anchor is not complete yet
        line = next((number for number, each in enumerate(text.splitlines(), 1) if "<<" in each), 1)
        raise ConfigurationError("this is no YAML: a mapping is merged into itself", place=f"{file}:{line}:1") from None
    except RecursionError:
        raise ConfigurationError("this is nested too deeply", place=file) from None
    _refuse_endless(document, file)
    return document


MOST_VALUES = 100_000
"""In one file, with each alias counted as all that it stands for."""


def _refuse_endless(document: object, file: str) -> None:
    """Raise ConfigurationError for a document that holds more than ``MOST_VALUES``, or half a character."""
    sizes: dict[int, int] = {}

    def size(node: object, at: str) -> int:
        if isinstance(node, str):
            if any("\ud800" <= each <= "\udfff" for each in node):
                raise ConfigurationError(
                    "this text has half a character (a surrogate), which no file can hold", place=at
                )
            return 1
        if not isinstance(node, Mapping | list):
            return 1
        if id(node) not in sizes:
            inner = node.items() if isinstance(node, Mapping) else enumerate(node)
            sizes[id(node)] = 1 + sum(size(each, f"{file}:{place(node, (key,))}") for key, each in inner)
        if sizes[id(node)] > MOST_VALUES:
            raise ConfigurationError(f"aliases make more than {MOST_VALUES} values of this", place=at)
        return sizes[id(node)]

    try:
        size(document, f"{file}:1:1")
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


def read(model: type[Model], path: Path, *, remedy: str | None = None) -> Model:
    """Return what the file ``path`` says; raises ConfigurationError that lists every mistake with its place."""
    return build(model, load(path), str(path), remedy=remedy)


def build(model: type[Model], document: object, file: str, *, remedy: str | None = None) -> Model:
    """Return what a document says that was read from ``file``; raises ConfigurationError, see :func:`read`."""
    if not isinstance(document, Mapping):
        known = ", ".join(_names(model, ()))
        raise ConfigurationError(f"this is a mapping; it sets {known} (read: {plain(document)!r})", place=f"{file}:1:1")
    value = plain(document)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        flaws = [Flaw.at(file, document, keys, told(keys, what)) for keys, what in mistakes(error, model, value)]
    raise ConfigurationError("\n".join(map(str, flaws)), remedy=remedy)


def told(keys: Keys, what: str) -> str:
    """Return ``what`` with the name of the value that it is about."""
    return f"{'.'.join(map(str, keys))}: {what}" if keys else what


def mistakes(
    error: ValidationError,
    model: type[BaseModel],
    value: object,
    *,
    secret: bool = False,
    unlisted: Collection[str] = (),
) -> list[tuple[Keys, str]]:
    """Return what ``error`` says of ``value``: for each mistake what was read, what is allowed, and the nearest name.

    :param secret: quote no value that was read.
    :param unlisted: names at the top that are not offered.
    """
    return [
        (tuple(each["loc"]), _what(each, model, value, secret=secret, unlisted=unlisted)) for each in error.errors()
    ]


def _what(
    error: ErrorDetails, model: type[BaseModel], whole: object, *, secret: bool, unlisted: Collection[str]
) -> str:
    keys, kind = error["loc"], error["type"]
    if kind == "extra_forbidden":
        return f"'{keys[-1]}' is not known{nearest(str(keys[-1]), set(_names(model, keys[:-1])) - set(unlisted))}"
    if kind == "missing":
        return error["msg"]
    value = error["input"] if secret else _written(error, whole)
    if kind in {"literal_error", "enum"} and not secret:
        allowed = str(error["ctx"]["expected"]).replace(" or ", ", ").replace("'", "").split(", ")
        return f"'{value}' is not known{nearest(str(value), allowed)}"
    what = error["msg"].removeprefix("Value error, ")
    if kind == "dict_type":
        what = "must be a mapping of names to values"
    if kind == "greater_than":
        what = f"must be above {error['ctx']['gt']:g}"
    # what is wrong with a whole part names its values itself
    return what if secret or isinstance(value, Mapping) else f"{what} (read: {value!r})"


def _written(error: ErrorDetails, whole: Any) -> object:
    """Return the value as it was written: ``whole`` has it before it was read as a number."""
    for key in error["loc"]:
        inside = key in whole if isinstance(whole, Mapping) else isinstance(whole, list) and isinstance(key, int)
        if not inside:
            return error["input"]
        whole = whole[key]
    return whole


def _names(model: type[BaseModel], keys: Sequence[str | int]) -> list[str]:
    """Return the names that the part of ``model`` knows to which ``keys`` lead."""
    for key in keys:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if key in fields:
            model = _model_in(fields[str(key)].annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _kinds(annotation: Any) -> Iterator[Any]:
    """Yield each of the types of an annotation such as ``int | None``, but for what stands in a list or mapping."""
    if get_origin(annotation) in {Union, UnionType, Annotated}:
        for each in get_args(annotation):
            yield from _kinds(each)
    else:
        yield annotation


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the first model in a type such as ``tuple[Part, ...] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _model_in(each))), None)
