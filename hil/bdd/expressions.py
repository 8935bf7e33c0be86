"""Cucumber Expressions with a closed list of parameter types.

A step definition takes the expression's parameters as its leading positional-only parameters, in the order in
which they stand in the expression; all other parameters are fixtures (or ``datatable``, ``docstring``)::

    @given("the cable pays {amount} for each of {int} payments")
    def _(amount: Satoshi, count: int, /, bench: Bench) -> None: ...

Quantities come in the base unit of their dimension, see hil/units.py.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cucumber_expressions.errors import CucumberExpressionError
from cucumber_expressions.expression import CucumberExpression
from cucumber_expressions.parameter_type import ParameterType

from hil import units
from hil.errors import AuthorError, nearest
from hil.rig.counterparts import abuses_of, read_abuse
from hil.rig.ledger_attacks import LIES
from hil.rig.link_faults import BREAKS, DAMAGES, MESSAGES, VERBS, WAYS
from hil.rig.load_profiles import profile_names, read_profile
from hil.units import Dimension

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

RESERVED = {"datatable", "docstring"}
"""Parameters of a step definition that are filled with what stands below the step."""


@dataclass(frozen=True)
class Parameter:
    """A parameter type: what it matches, how it is read, and an example of it."""

    name: str
    pattern: str
    read: Callable[[str], object]
    """Returns the value; raises AuthorError that says what is wrong and what is allowed."""
    example: str
    choices: Callable[[], Sequence[str]] = tuple
    """Returns all texts that it may be, if it is one of a list; else nothing."""


def _quantity(dimension: Dimension, example: str) -> Parameter:
    def read(text: str) -> float:
        return float(units.parse(text, dimension))

    return Parameter(dimension.value, units.quantity_pattern(dimension), read, example)


def _read_tariff(text: str) -> int:
    tariff = units.parse(text, Dimension.TARIFF)
    if tariff != tariff.to_integral_value():
        raise AuthorError(f"'{text}' is not a whole number of sat/Wh")
    return int(tariff)


def _choice(name: str, *words: str) -> Parameter:
    def read(text: str) -> str:
        if text not in words:
            raise AuthorError(f"'{text}' is not a {name}{nearest(text, words)}")
        return text

    return Parameter(name, "|".join(re.escape(word) for word in words), read, words[0], lambda: words)


ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def _read_ordinal(text: str) -> int:
    if text in ORDINALS:
        return ORDINALS.index(text) + 1
    match = re.fullmatch(r"(\d+)(st|nd|rd|th)", text)
    number = int(match[1]) if match else 0
    if number < 1:
        raise AuthorError(f"'{text}' is not an ordinal; write first to tenth, or 1st, 2nd, 3rd, 4th and so on")
    return number


def _read_int(text: str) -> int:
    if not re.fullmatch(r"-?\d+", text):
        raise AuthorError(f"'{text}' is not a whole number")
    return int(text)


def _read_word(text: str) -> str:
    if re.search(r"\s", text):
        raise AuthorError(f"'{text}' is more than one word")
    return text


def _read_string(text: str) -> str:
    if len(text) < 2 or text[0] not in "\"'" or text[-1] != text[0]:
        raise AuthorError(f'{text} stands without quotation marks; write "{text}"')
    return text[1:-1].replace('\\"', '"').replace("\\'", "'")


_STRING = r""""[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*'"""

_NAME = r"[a-z0-9]+(?:-[a-z0-9]+)*"
"""An id of hil/links/abuse_catalogue.yaml or a file of fixtures/data/load_profiles, or what was meant to be one."""

PARAMETERS: dict[str, Parameter] = {
    parameter.name: parameter
    for parameter in (
        _quantity(Dimension.POWER, "1300 W"),
        _quantity(Dimension.ENERGY, "8 Wh"),
        _quantity(Dimension.DURATION, "500 ms"),
        _quantity(Dimension.VOLTAGE, "230 V"),
        _quantity(Dimension.CURRENT, "5.65 A"),
        _quantity(Dimension.RESISTANCE, "40 ohm"),
        _quantity(Dimension.PERCENT, "2 %"),
        Parameter("amount", units.quantity_pattern(Dimension.AMOUNT), units.parse_satoshi, "10000 sat"),
        Parameter("tariff", units.quantity_pattern(Dimension.TARIFF), _read_tariff, "1250 sat/Wh"),
        _choice("device", "socket", "cable"),
        _choice("mode", "single-fee", "per-payment"),
        _choice("ledger_view", "node", "spv", "api"),
        _choice("lie", *LIES),
        _choice("message", *MESSAGES),
        _choice("way", *WAYS),
        _choice("damage", *DAMAGES),
        _choice("link_verb", *VERBS),
        _choice("moment", *BREAKS),
        _choice("relay", "K1", "K2", "K3", "K4"),
        Parameter("ordinal", "|".join(ORDINALS) + r"|\d+(?:st|nd|rd|th)", _read_ordinal, "third", lambda: ORDINALS),
        Parameter("int", r"-?\d+", _read_int, "5"),
        Parameter("cable_abuse", _NAME, read_abuse("cable"), "underpay-one-satoshi", abuses_of("cable")),
        Parameter("socket_abuse", _NAME, read_abuse("socket"), "overcharge-one-satoshi", abuses_of("socket")),
        Parameter("load_profile", _NAME, read_profile, "kettle", profile_names),
        Parameter("word", r"[^\s]+", _read_word, "word"),
        Parameter("string", _STRING, _read_string, '"text"'),
    )
}
"""The closed list of parameter types, by name; int, word and string mean what Cucumber says.

The patterns hold no capture group, so that the groups of a compiled expression are its parameters.
"""


class _Registry:
    """The closed list as the expression compiler asks for it.

    :param anything: let each parameter match any text, to find out which one does not fit.
    """

    def __init__(self, *, anything: bool = False) -> None:
        self._types = {
            each.name: ParameterType(each.name, ".+?" if anything else each.pattern, str)
            for each in PARAMETERS.values()
        }

    def lookup_by_type_name(self, name: str) -> ParameterType:
        if name not in self._types:
            raise AuthorError(f"'{{{name}}}' is not a parameter type{nearest(name, PARAMETERS)}")
        return self._types[name]


_STRICT = _Registry()
_LOOSE = _Registry(anything=True)


@dataclass(frozen=True)
class Argument:
    """The text that stands in the place of a parameter, and its offset in the step's text."""

    parameter: Parameter
    text: str
    offset: int


class Expression:
    """A Cucumber Expression over :data:`PARAMETERS`; raises AuthorError if it is none."""

    def __init__(self, source: str) -> None:
        self.source = source
        try:
            compiled = CucumberExpression(source, _STRICT)
        except CucumberExpressionError as error:
            raise AuthorError(f"'{source}' is not a Cucumber Expression: {' '.join(str(error).split())}") from None
        except AuthorError as error:
            raise AuthorError(f"in '{source}', {error.what}") from None
        self.parameters = tuple(PARAMETERS[each.name] for each in compiled.parameter_types)
        self._regex = re.compile(compiled.regexp)
        self.prefix = _literal_prefix(source)
        """Text that every matching step begins with."""
        self.literals = len(re.sub(r"\{\w+\}|[()\\]", "", source))
        """Number of characters that are not parameters; a measure of how much a match says."""
        self.sample = re.sub(r"\{(\w+)\}", lambda match: PARAMETERS[match[1]].example, source)
        """The expression with an example for each parameter."""

    @cached_property
    def _loose(self) -> re.Pattern[str]:
        return re.compile(CucumberExpression(self.source, _LOOSE).regexp)

    def matches(self, text: str) -> bool:
        return self._regex.match(text) is not None

    def arguments(self, text: str, *, loosely: bool = False) -> tuple[Argument, ...] | None:
        """Return what stands for each parameter, None if ``text`` does not match.

        :param loosely: accept any text in the place of a parameter, to find out which one does not fit.
        """
        match = (self._loose if loosely else self._regex).match(text)
        if match is None:
            return None
        return tuple(
            Argument(parameter, match[number], match.start(number))
            for number, parameter in enumerate(self.parameters, start=1)
        )

    def values(self, text: str) -> list[object]:
        """Return the values of the parameters in ``text``, which matches; raises AuthorError for one out of range."""
        return [argument.parameter.read(argument.text) for argument in self.arguments(text) or ()]


def _literal_prefix(source: str) -> str:
    prefix = re.split(r"[{(/\\]", source, maxsplit=1)[0]
    if source[len(prefix) :].startswith("/"):
        # the word before the slash is the first alternative, not common to all
        return re.sub(r"\S*$", "", prefix)
    return prefix


def parameter_names(function: Callable[..., object], expression: Expression) -> tuple[str, ...]:
    """Return the names of the positional-only parameters, to be filled from ``expression`` in order.

    Raises AuthorError, without place, if ``function`` cannot be the definition of such a step.
    """
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise AuthorError(f"the step '{expression.source}' is async; nobody would run its body", remedy="Write 'def'")
    parameters: Mapping[str, inspect.Parameter] = inspect.signature(function).parameters
    names = tuple(name for name, each in parameters.items() if each.kind is each.POSITIONAL_ONLY)
    if len(names) != len(expression.parameters):
        expected = ", ".join(f"{{{each.name}}}" for each in expression.parameters) or "none"
        raise AuthorError(
            f"the parameters of the step '{expression.source}' are {expected}, those of its function before '/' are"
            f" {', '.join(names) or 'none'}",
            remedy="Write one parameter for each, in this order, then '/', then the fixtures",
        )
    for name, each in parameters.items():
        if name in names:
            if name in RESERVED:
                raise AuthorError(f"'{name}' is what stands below a step", remedy="Write it after '/'")
        elif each.kind is not each.POSITIONAL_OR_KEYWORD:
            bare = each.replace(annotation=each.empty)
            raise AuthorError(f"'{bare}' is neither a parameter of the step nor a fixture", remedy="Name each fixture")
        elif each.default is not each.empty and name not in RESERVED:
            raise AuthorError(f"the fixture '{name}' has a default, so it would never be asked for")
    return names
