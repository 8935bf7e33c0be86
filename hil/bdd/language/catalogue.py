"""The step definitions: the decorators that make them, and the list of all of them.

The decorators take plain strings, so that the official Cucumber language server finds the steps::

    @then("the socket cuts the power within {duration}")
    def _(limit: Second, /, bench: Bench) -> None:
        \"\"\"From the last byte of the refused payment to zero current, see docs/system.md.\"\"\"

A definition is kept in its own module; nothing is registered globally.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import traceback
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from hil.bdd.language.document import shown
from hil.bdd.language.expressions import RESERVED, Expression, parameter_names
from hil.bdd.language.phases import Phase, note_keyword, phase_of, returns_checks
from hil.errors import AuthorError, ConfigurationError, HilError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from types import ModuleType

    from hil.bdd.language.expressions import Argument

P = ParamSpec("P")
R = TypeVar("R")

STEPS_PACKAGE = "hil.steps"
DEFINITIONS = "__step_definitions__"
"""The name under which a module keeps the definitions made in it."""

_NAME = "Name it as in 'import', from the folder of the laboratory; hil.steps holds the framework's."

SIMILAR = 0.55
"""Ratio of difflib above which a definition is worth suggesting."""


@dataclass(frozen=True)
class StepDefinition:
    """What a step means: its keyword, its words, and the function behind it."""

    keyword: str
    """``given``, ``when`` or ``then``."""
    expression: Expression
    function: Callable[..., object] = field(repr=False)
    names: tuple[str, ...]
    """The function's parameters that the expression fills."""
    path: Path
    """Of the module."""
    line: int
    doc: str
    """The documentation of the step; the function's docstring."""
    below: dict[str, bool]
    """``datatable`` and ``docstring``, as far as the function takes them, and whether it needs them."""
    fixtures: tuple[str, ...] = ()
    """The function's parameters that are fixtures."""
    target_fixture: str | None = None
    """The fixture that has the function's result for the rest of the scenario, if any."""

    @property
    def file(self) -> str:
        """The path of its module, as messages show it."""
        return shown(self.path)

    @property
    def source(self) -> str:
        """``file:line`` of the step function."""
        return f"{self.file}:{self.line}"

    @cached_property
    def of_framework(self) -> bool:
        """Whether it is one of the framework's own steps."""
        return self.function.__module__.startswith(f"{STEPS_PACKAGE}.")

    @cached_property
    def phase(self) -> Phase:
        """When the step can take effect."""
        return phase_of(self.function, self.keyword, by_keyword=self.of_framework)

    @cached_property
    def measures(self) -> bool:
        """Whether it is a Then step that takes a measurement."""
        return self.keyword == "then" and returns_checks(self.function)

    def others_asked_for(self, below: Collection[str]) -> list[str]:
        """Return the parameters that the expression does not fill: fixtures, and what stands ``below`` the step."""
        return [*(name for name in self.below if name in below), *self.fixtures]

    def __str__(self) -> str:
        return f"{self.keyword.capitalize()} {self.expression.source}"


def given(expression: str, *, target_fixture: str | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Define a Given step.

    :param expression: a Cucumber Expression, see hil/bdd/language/expressions.py.
    :param target_fixture: the name of a fixture that has the function's result for the rest of the scenario.

    Raises AuthorError when applied to a function that cannot be the step's definition.
    """
    return _step("given", expression, target_fixture)


def when(expression: str, *, target_fixture: str | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Define a When step; see :func:`given`."""
    return _step("when", expression, target_fixture)


def then(expression: str, *, target_fixture: str | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Define a Then step; see :func:`given`."""
    return _step("then", expression, target_fixture)


def _step(keyword: str, source: str, target_fixture: str | None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        code: Any = inspect.unwrap(function)
        path, line = Path(code.__code__.co_filename).absolute(), code.__code__.co_firstlineno
        try:
            expression = Expression(source, known=function.__module__.startswith(f"{STEPS_PACKAGE}."))
            names = parameter_names(function, expression)
        except AuthorError as error:
            raise AuthorError(error.what, place=f"{shown(path)}:{line}", remedy=error.remedy) from None
        parameters = inspect.signature(function).parameters
        definition = StepDefinition(
            keyword=keyword,
            expression=expression,
            function=function,
            names=names,
            path=path,
            line=line,
            doc=inspect.getdoc(function) or "",
            below={name: each.default is each.empty for name, each in parameters.items() if name in RESERVED},
            fixtures=tuple(name for name in parameters if name not in names and name not in RESERVED),
            target_fixture=target_fixture,
        )
        note_keyword(function, keyword)
        code.__globals__.setdefault(DEFINITIONS, []).append(definition)
        return function

    return decorate


class Catalogue:
    """All step definitions of a run; raises AuthorError if two have the same keyword and words."""

    def __init__(self, definitions: Iterable[StepDefinition]) -> None:
        self.definitions = tuple(definitions)
        self._found: dict[tuple[str, str], tuple[StepDefinition, ...]] = {}
        self._similar: dict[tuple[str, str], tuple[StepDefinition, ...]] = {}
        self._by_prefix: dict[str, dict[int, dict[str, list[StepDefinition]]]] = {"given": {}, "when": {}, "then": {}}
        self.of_bench = any(each.phase is Phase.SWITCH_ON for each in self.definitions)
        """Whether these steps are about a bench: one of them switches the devices on."""
        seen: dict[str, StepDefinition] = {}
        for definition in self.definitions:
            other = seen.setdefault(str(definition), definition)
            if other is not definition:
                raise AuthorError(
                    f"'{definition}' is defined already at {other.source}",
                    place=definition.source,
                    remedy="Remove or reword one of them",
                )
            prefix = definition.expression.prefix
            same_length = self._by_prefix[definition.keyword].setdefault(len(prefix), {})
            same_length.setdefault(prefix, []).append(definition)

    @classmethod
    def of_modules(cls, modules: Iterable[ModuleType]) -> Catalogue:
        """Return the definitions made in ``modules``."""
        return cls(definition for module in modules for definition in vars(module).get(DEFINITIONS, ()))

    def find(self, keyword: str, text: str) -> tuple[StepDefinition, ...]:
        """Return every definition that matches the step, as pytest-bdd would find it."""
        key = (keyword, text)
        if key not in self._found:
            self._found[key] = tuple(
                each
                for length, same_length in self._by_prefix[keyword].items()
                for each in same_length.get(text[:length], ())
                if each.expression.matches(text)
            )
        return self._found[key]

    def find_any(self, text: str) -> tuple[StepDefinition, ...]:
        """Return every definition that matches ``text`` under any keyword."""
        return tuple(found for keyword in self._by_prefix for found in self.find(keyword, text))

    def nearest(self, keyword: str, text: str, count: int = 3) -> tuple[StepDefinition, ...]:
        """Return the definitions most like ``text``, best first; those of another keyword only if they are closer."""
        key = (keyword, text)
        if key not in self._similar:
            scored = []
            matcher = SequenceMatcher(autojunk=False)
            matcher.set_seq2(_plain(text))
            for each in self.definitions:
                matcher.set_seq1(_plain(each.expression.sample))
                if matcher.real_quick_ratio() >= SIMILAR and matcher.quick_ratio() >= SIMILAR:
                    scored.append((matcher.ratio() + 0.05 * (each.keyword == keyword), each))
            scored.sort(key=lambda pair: (-pair[0], str(pair[1])))
            self._similar[key] = tuple(each for ratio, each in scored if ratio >= SIMILAR)
        return self._similar[key][:count]

    def misfits(self, keyword: str, text: str) -> list[tuple[StepDefinition, str, int]]:
        """Return definitions that match but for an argument: with the reason, and the offset of the argument."""
        found = []
        for definition in self.definitions:
            if definition.keyword != keyword:
                continue
            for argument in definition.expression.arguments(text, loosely=True) or ():
                # with more text in an argument than around it, the likeness is an accident
                if len(argument.text) > definition.expression.literals:
                    continue
                reason = _misfit(argument)
                if reason:
                    found.append((definition, reason, argument.offset))
                    break
        return sorted(found, key=lambda each: -each[0].expression.literals)


def _plain(text: str) -> str:
    """Return ``text`` with all numbers alike, so that they don't decide what is similar."""
    return re.sub(r"[\d.]+", "0", text.lower())


def _misfit(argument: Argument) -> str:
    parameter = argument.parameter
    try:
        parameter.read(argument.text)
    except AuthorError as error:
        return error.what
    if re.fullmatch(parameter.regexp, argument.text):
        return ""
    return f"'{argument.text}' is not written as a {parameter.name}; write it as '{parameter.example}'"


def load_modules(names: Iterable[str] = (STEPS_PACKAGE,)) -> list[ModuleType]:
    """Import modules by name, for a package all modules in it, and return them.

    Raises AuthorError for a definition that is wrong, ConfigurationError for a module that is not there or whose own
    code fails.
    """
    modules = []
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise ConfigurationError(f"'{name}' is no name of a module", remedy=_NAME)
        try:
            module = importlib.import_module(name)
        except HilError:
            raise
        except Exception as error:
            if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
                raise ConfigurationError(f"there is no module '{name}' with steps", remedy=_NAME) from None
            last = traceback.extract_tb(error.__traceback__)[-1]
            what = f"the step modules cannot be imported: {type(error).__name__}: {error}"
            raise ConfigurationError(what, place=f"{last.filename}:{last.lineno}") from error
        modules.append(module)
        for found in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{name}."):
            modules += load_modules([found.name])
    return modules


def load_catalogue(names: Iterable[str] = (STEPS_PACKAGE,)) -> Catalogue:
    """Return the catalogue of the step modules ``names``, without pytest; for ``hil check`` and ``hil steps``."""
    return Catalogue.of_modules(load_modules(names))
