"""Runs the steps of a scenario, with all hooks of pytest-bdd, by the definitions that preflight found.

pytest-bdd itself looks through every fixture of the run for each step (decision 0007); here
a step has exactly one definition, which the catalogue knows already.

The function of a Then step that measures returns checks. All of a scenario are asked for when the devices are about to
be switched on, so that they are declared by then; each is taken when its step is reached.
"""

from __future__ import annotations

import contextlib
import inspect
from typing import TYPE_CHECKING, Any

import pytest

from hil.bdd.check.order import measures
from hil.bdd.pytest_internals import give_fixture
from hil.errors import AuthorError, RigFault
from hil.scenario.check import Check

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    from pytest_bdd.parser import Feature, Scenario, Step

    from hil.bdd.language.catalogue import Catalogue, StepDefinition


def run_scenario(feature: Feature, scenario: Scenario, catalogue: Catalogue, request: pytest.FixtureRequest) -> None:
    """Run every step until one fails; hooks get what pytest-bdd would give them.

    Raises RigFault for a scenario that ran to its end and measured nothing.
    """
    __tracebackhide__ = True
    with scenario_hooks(request, feature, scenario):
        steps = [(step, definition_of(step, catalogue)) for step in scenario.steps]
        checks = _ChecksAhead(request, steps)
        for step, definition in steps:
            run_step(request, scenario, step, definition, checks.of(step))
        if catalogue.of_bench and not measures(definition for _, definition in steps):
            # preflight lets it run for a seeded fault of the bench, which must have ended it by now
            raise RigFault(
                "a fault of the bench was seeded, nothing found it, and nothing was measured",
                place="self-test of the bench",
                remedy="Let the scenario go on longer, or end it with 'Then the bench blames the …'.",
            )


class _ChecksAhead:
    """What the Then steps of a scenario will measure, as far as their functions need nothing that a step makes."""

    def __init__(self, request: pytest.FixtureRequest, steps: Sequence[tuple[Step, StepDefinition]]) -> None:
        self._request = request
        self._steps = [each for each in steps if each[1].measures and set(each[1].fixtures) <= {"scenario", "observer"}]
        self._checks: dict[int, list[Check]] = {}
        if self._steps:
            request.getfixturevalue("scenario").checks_ahead = self._declare

    def of(self, step: Step) -> list[Check] | None:
        """Return the checks of a step; None if its function was not asked for them yet."""
        return self._checks.get(id(step))

    def _declare(self) -> list[Check]:
        for step, definition in self._steps:
            if id(step) not in self._checks:
                values, others = _arguments(self._request, step, definition)
                self._checks[id(step)] = _checks_in(definition.function(*values, **others))
        return [check for step, _ in self._steps for check in self._checks[id(step)]]


@contextlib.contextmanager
def scenario_hooks(request: pytest.FixtureRequest, feature: Feature, scenario: Scenario) -> Iterator[None]:
    """Tell pytest-bdd's hooks that a scenario begins, and afterwards that it is over; its steps are run in between."""
    __tracebackhide__ = True
    hook = request.config.hook
    hook.pytest_bdd_before_scenario(request=request, feature=feature, scenario=scenario)
    try:
        yield
    finally:
        hook.pytest_bdd_after_scenario(request=request, feature=feature, scenario=scenario)


def definition_of(step: Step, catalogue: Catalogue) -> StepDefinition:
    """Return the one definition of a step; raises AuthorError if there is another number of them."""
    found = catalogue.find(step.type, step.name)
    if len(found) != 1:
        what = "is ambiguous" if found else "is undefined"
        raise AuthorError(f"the step '{step.keyword} {step.name}' {what}", remedy="See: hil steps")
    return found[0]


def run_step(
    request: pytest.FixtureRequest,
    scenario: Scenario,
    step: Step,
    definition: StepDefinition,
    checks: list[Check] | None = None,
) -> None:
    """Run one step with its hooks; a generator is gone on with when the scenario is torn down, as a fixture is.

    :param checks: what its function returned when it was asked for its checks; then it is not called again.
    """
    __tracebackhide__ = True
    hook, function = request.config.hook, definition.function
    told: dict[str, Any] = {
        "request": request,
        "feature": scenario.feature,
        "scenario": scenario,
        "step": step,
        "step_func": function,
        "step_func_args": {},
    }
    hook.pytest_bdd_before_step(**told)
    try:
        values, others = _arguments(request, step, definition)
        told["step_func_args"] = {**dict(zip(definition.names, values, strict=True)), **others}
        hook.pytest_bdd_before_step_call(**told)
        result = checks if checks is not None else _call(function, values, others, request)
        if definition.keyword == "then" and definition.target_fixture is None:
            _refuse_what_is_no_check(definition, result)
        for check in _checks_in(result):
            request.getfixturevalue("scenario").take(check)
    except (Exception, pytest.fail.Exception) as error:
        hook.pytest_bdd_step_error(exception=error, **told)
        raise
    if definition.target_fixture is not None:
        give_fixture(request, definition.target_fixture, result)
    hook.pytest_bdd_after_step(**told)


def _arguments(
    request: pytest.FixtureRequest, step: Step, definition: StepDefinition
) -> tuple[Sequence[object], dict[str, object]]:
    """Return what the words of a step give its function, and by name its fixtures and what stands below the step."""
    others = {name: _other_argument(name, step, request) for name in definition.others_asked_for(_below(step))}
    return definition.expression.values(step.name), others


def _checks_in(result: object) -> list[Check]:
    """Return the checks among what a step's function returned: one, or a list of them."""
    found = result if isinstance(result, list) else [result]
    return [each for each in found if isinstance(each, Check)]


def _refuse_what_is_no_check(definition: StepDefinition, result: object) -> None:
    """Raise AuthorError for a Then whose function returned anything but checks, such as True or False."""
    found = result if isinstance(result, list) and result else [result]
    if result is not None and not all(isinstance(each, Check) for each in found):
        raise AuthorError(
            f"the step '{definition}' returned {result!r:.60}; a Then returns a Check, a list of them, or nothing",
            place=definition.source,
            remedy="Return a Check of what was measured and its limit, or raise LimitMissed.",
        )


def _below(step: Step) -> set[str]:
    """Return the names of what stands below the step."""
    given = {"datatable": step.datatable, "docstring": step.docstring}
    return {name for name, content in given.items() if content is not None}


def _other_argument(name: str, step: Step, request: pytest.FixtureRequest) -> object:
    if name == "datatable" and step.datatable is not None:
        return step.datatable.raw()
    if name == "docstring":
        return step.docstring
    return request.getfixturevalue(name)


def _call(
    function: Callable[..., Any], values: Sequence[object], others: Mapping[str, object], request: pytest.FixtureRequest
) -> object:
    __tracebackhide__ = True
    result = function(*values, **others)
    if not inspect.isgeneratorfunction(function):
        return result
    steps: Generator[Any, None, None] = result
    first = next(steps)

    def go_on() -> None:
        for _ in steps:
            pytest.fail(f"the step function '{function.__name__}' has more than one 'yield'")

    request.addfinalizer(go_on)
    return first
