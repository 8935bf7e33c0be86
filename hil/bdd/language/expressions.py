"""Cucumber Expressions over the parameter types of hil/bdd/language/parameters.py.

A step definition takes the expression's parameters as its leading positional-only parameters, in the order in
which they stand in the expression; all other parameters are fixtures (or ``datatable``, ``docstring``)::

    @given("the cable pays {amount} for each of {int} payments")
    def _(amount: Satoshi, count: int, /, bench: Bench) -> None: ...

Quantities come in the base unit of their dimension, see hil/bdd/language/parameters.py and hil/units.py.
"""

from __future__ import annotations

import functools
import inspect
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cucumber_expressions.errors import CucumberExpressionError
from cucumber_expressions.expression import CucumberExpression
from cucumber_expressions.parameter_type import ParameterType

from hil.bdd.language.parameters import PARAMETERS
from hil.errors import AuthorError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hil.bdd.language.parameters import Parameter

RESERVED = {"datatable", "docstring"}
"""Parameters of a step definition that are filled with what stands below the step."""


class _Registry:
    """The parameter types as the expression compiler asks for them.

    :param anything: let each parameter match any text, to find out which one does not fit.
    """

    def __init__(self, *, anything: bool = False) -> None:
        self._anything = anything

    def lookup_by_type_name(self, name: str) -> ParameterType:
        if name not in PARAMETERS:
            remedy = "A laboratory makes one with hil.testing.parameter_type, above the steps that have it."
            raise AuthorError(f"'{{{name}}}' is not a parameter type{nearest(name, PARAMETERS)}", remedy=remedy)
        return _compiled(name, ".+?" if self._anything else PARAMETERS[name].regexp)


@functools.cache
def _compiled(name: str, regexp: str) -> ParameterType:
    return ParameterType(name, regexp, str)


_STRICT = _Registry()
_LOOSE = _Registry(anything=True)


@dataclass(frozen=True)
class Argument:
    """The text that stands in the place of a parameter, and its offset in the step's text."""

    parameter: Parameter
    text: str
    offset: int


class Expression:
    """A Cucumber Expression over :data:`PARAMETERS`; raises AuthorError if it is none.

    :param known: it is one of the framework's own, which tests have compiled: it is compiled when it is needed. That
        takes a tenth of a second off each start.
    """

    def __init__(self, source: str, *, known: bool = False) -> None:
        self.source = source
        names = re.findall(r"\{(\w+)\}", source) if known else [each.name for each in self._compiled.parameter_types]
        self.parameters = tuple(PARAMETERS[name] for name in names)
        self.prefix = _literal_prefix(source)
        """Text that every matching step begins with."""
        self.literals = len(re.sub(r"\{\w+\}|[()\\]", "", source))
        """Number of characters that are not parameters; a measure of how much a match says."""
        self.sample = re.sub(r"\{(\w+)\}", lambda match: PARAMETERS[match[1]].example, source)
        """The expression with an example for each parameter."""

    @cached_property
    def _compiled(self) -> CucumberExpression:
        try:
            return CucumberExpression(self.source, _STRICT)
        except CucumberExpressionError as error:
            what = f"'{self.source}' is not a Cucumber Expression: {' '.join(str(error).split())}"
            raise AuthorError(what) from None
        except AuthorError as error:
            raise AuthorError(f"in '{self.source}', {error.what}", remedy=error.remedy) from None

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile(self._compiled.regexp)

    @cached_property
    def _loose(self) -> re.Pattern[str]:
        return re.compile(CucumberExpression(self.source, _LOOSE).regexp)

    def matches(self, text: str) -> bool:
        """Tell whether ``text`` is such a step."""
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
