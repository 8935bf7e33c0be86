"""A contract for everything that pytest and pytest-bdd do not promise and hil/bdd/pytest_internals.py uses."""

from __future__ import annotations

import inspect
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from pytest_bdd import hooks
from pytest_bdd.gherkin_parser import GherkinDocument
from pytest_bdd.parser import FeatureParser, render_string

from hil.bdd.language.document import render
from hil.bdd.language.naming import cases
from hil.bdd.pytest_internals import (
    build_feature,
    give_fixture,
    last_step,
    registered_markers,
    render_scenario,
    replace_arguments,
)
from hil.tests.bdd.samples import feature_of

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ["pytester"]


def test_versions_are_the_pair_that_these_contracts_were_written_for() -> None:
    assert version("pytest").startswith("9.2.")
    assert version("pytest-bdd").startswith("9.0.")


def test_a_fixture_that_asks_for_a_narrower_one_fails_with_the_words_that_are_looked_for(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def narrow(): ...

        @pytest.fixture(scope="session")
        def wide(request):
            request.getfixturevalue("narrow")

        def test_one(wide): ...
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:hil", "-p", "no:labgrid", "-p", "no:hypothesispytest")
    result.stdout.re_match_lines([r"^ScopeMismatch: You tried to access the function scoped fixture narrow"])


def test_feature_parser_takes_its_tree_from_one_overridable_method() -> None:
    assert list(inspect.signature(FeatureParser._parse_feature_file).parameters) == ["self"]
    assert "self._parse_feature_file()" in inspect.getsource(FeatureParser.parse)


def test_document_of_pytest_bdd_is_made_from_the_tree_of_the_gherkin_parser(tmp_path: Path) -> None:
    document = feature_of(tmp_path, "Feature: f\n  Scenario: s\n    Given a\n")
    scenario = GherkinDocument.from_dict(document.raw).feature.children[0].scenario
    assert scenario is not None
    assert scenario.steps[0].text == "a"


def test_feature_is_the_same_as_pytest_bdd_reads_from_the_file(tmp_path: Path) -> None:
    text = """
        @slow
        Feature: f
          Background:
            Given a
          @one
          Scenario Outline: s <n>
            When b <n>
              | <n> |
            Examples:
              | n |
              | 1 |
          Rule: r
            Scenario: t
              Then c
                \"\"\"
                d
                \"\"\"
    """
    document = feature_of(tmp_path, text)
    ours = build_feature(document.path, document.raw)
    theirs = FeatureParser(str(tmp_path), "x.feature").parse()
    assert list(ours.scenarios) == list(theirs.scenarios) == ["s <n>", "t"]
    for name, template in theirs.scenarios.items():
        expected, rendered = template.render({"n": "1"}), ours.scenarios[name].render({"n": "1"})
        assert [(step.type, step.name, step.line_number, step.docstring) for step in rendered.steps] == [
            (step.type, step.name, step.line_number, step.docstring) for step in expected.steps
        ]
        assert (rendered.name, rendered.tags, rendered.line_number) == (
            expected.name,
            expected.tags,
            expected.line_number,
        )
    assert (ours.filename, ours.rel_filename) == (theirs.filename, theirs.rel_filename)


@pytest.mark.parametrize(
    ("text", "rendered"), [("a <n> b", "a 1 b"), ("<n><n>", "11"), ("<m> stays", "<m> stays"), ("a < b", "a < b")]
)
def test_columns_are_rendered(text: str, rendered: str) -> None:
    assert render(text, {"n": "1"}) == rendered


@for_all(st.text("<>nm \n\\1"), st.dictionaries(st.sampled_from(["n", "m", "n m", ">", "\\1"]), st.text("<n>\\1")))
def test_columns_are_rendered_as_pytest_bdd_renders_them(text: str, values: dict[str, str]) -> None:
    assert render(text, values) == render_string(text, values)


def test_scenario_is_rendered_with_the_steps_of_its_backgrounds_first(tmp_path: Path) -> None:
    text = """
        Feature: f
          Background:
            Given a
          Rule: r
            Background:
              Given b
            Scenario Outline: s <n>
              When c <n>
                | <n> |
              And d
              Examples:
                | n |
                | 1 |
    """
    document = feature_of(tmp_path, text)
    (case,) = cases(document)
    scenario = render_scenario(build_feature(document.path, document.raw), case.scenario.name, case.values)
    assert scenario.name == "s 1"
    assert [(step.type, step.name) for step in scenario.steps] == [
        ("given", "a"),
        ("given", "b"),
        ("when", "c 1"),
        ("when", "d"),
    ]
    assert scenario.steps[2].datatable is not None
    assert scenario.steps[2].datatable.raw() == [["1"]]


STEP = {"request", "feature", "scenario", "step", "step_func"}


@pytest.mark.parametrize(
    ("hook", "parameters"),
    [
        ("before_scenario", {"request", "feature", "scenario"}),
        ("after_scenario", {"request", "feature", "scenario"}),
        ("before_step", STEP),
        ("before_step_call", STEP | {"step_func_args"}),
        ("after_step", STEP | {"step_func_args"}),
        ("step_error", STEP | {"step_func_args", "exception"}),
        ("apply_tag", {"tag", "function"}),
    ],
)
def test_hooks_of_pytest_bdd_take_what_execution_gives(hook: str, parameters: set[str]) -> None:
    assert set(inspect.signature(getattr(hooks, f"pytest_bdd_{hook}")).parameters) == parameters


def test_fixture_has_the_value_that_it_was_given(request: pytest.FixtureRequest) -> None:
    give_fixture(request, "given_by_a_step", 7)
    assert request.getfixturevalue("given_by_a_step") == 7
    give_fixture(request, "given_by_a_step", 8)
    assert request.getfixturevalue("given_by_a_step") == 8


def test_item_takes_a_callable_and_a_module_needs_no_python_object() -> None:
    assert "callobj" in inspect.signature(pytest.Function.__init__).parameters
    # what pytest does for text files with doctests
    from _pytest.doctest import DoctestTextfile

    assert issubclass(DoctestTextfile, pytest.Module)
    assert DoctestTextfile.obj is None


def test_traceback_of_a_failure_is_filtered_by_one_overridable_method() -> None:
    assert list(inspect.signature(pytest.Function._traceback_filter).parameters) == ["self", "excinfo"]


def test_registered_markers_are_known_by_name(pytestconfig: pytest.Config) -> None:
    assert {"parametrize", "usefixtures", "skip", "lg_feature"} <= registered_markers(pytestconfig)


def test_arguments_are_replaced_where_collection_reads_them(pytestconfig: pytest.Config) -> None:
    assert "args = self.config.args" in inspect.getsource(pytest.Session.perform_collect)
    before = list(pytestconfig.args)
    try:
        replace_arguments(pytestconfig, lambda argument: [argument, argument + "!"])
        assert pytestconfig.args == [each for argument in before for each in (argument, argument + "!")]
    finally:
        pytestconfig.args[:] = before


def test_the_last_step_of_a_scenario_has_the_kind_that_and_inherits(tmp_path: Path) -> None:
    document = feature_of(tmp_path, "Feature: f\n  Scenario: s\n    Then a\n    And b\n  Scenario: t\n    Given c\n")

    scenario, step = last_step(build_feature(document.path, document.raw), "s")

    assert scenario.name == "s"
    assert (step.type, step.keyword.strip(), step.name, step.line_number) == ("then", "And", "b", 4)


FORKING = """\
import os
import pytest
from hil.bdd import pytest_internals

@pytest.fixture(scope="session")
def kept():
    yield
    os.write(2, b"torn down")

def test_one(kept):
    os.write(1, b"of the " + b"child")
    assert not os.fork, "fails, so that its output is reported"
"""

FORKING_PLUGIN = """\
import os
import pytest
from hil.bdd import pytest_internals

@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    child = os.fork()
    if child:
        session.status = os.waitpid(child, 0)[1]
        return None
    pytest_internals.leave_terminal(session.config)
    told = []
    class Listener:
        def pytest_runtest_logreport(self, report):
            told.append((report.when, report.outcome, report.capstdout))
    session.config.pluginmanager.register(Listener())
    for item in session.items:
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=item)
    pytest_internals.tear_down(session)
    with open("told.txt", "w") as file:
        print(told, session._setupstate.stack, file=file)
    os._exit(0)
"""


def test_a_forked_process_captures_for_itself_tells_the_terminal_nothing_and_tears_down(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(test_forked=FORKING)
    pytester.makeconftest(FORKING_PLUGIN)
    result = pytester.runpytest_subprocess("-p", "no:hypothesispytest", "test_forked.py")
    told = (pytester.path / "told.txt").read_text()
    assert "('call', 'failed', 'of the child')" in told
    assert told.endswith("{}\n")
    result.assert_outcomes(failed=1)
    assert result.stdout.str().count("of the child") == 1
