from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from hil import steps
from hil.bdd.language.catalogue import Catalogue, load_catalogue
from hil.errors import AuthorError
from hil.tests.bdd.samples import catalogue_of, module_of

WORDS = ("the", "socket", "cable", "pays", "waits", "cuts", "is", "off", "power", "5 s", "3 sat", "a", "1 W", "toaster")
CATALOGUE = catalogue_of()


def test_catalogue_lists_definitions_with_their_place_and_documentation() -> None:
    definition = next(each for each in CATALOGUE.definitions if each.names == ("amount", "count"))
    assert str(definition) == "When the cable pays {amount} for each of {int} payments"
    assert definition.doc == "Let the cable pay."
    assert definition.source.endswith("sample_steps.py:21")


def test_one_function_can_have_several_wordings() -> None:
    (english,) = CATALOGUE.find("given", "a 1 kW toaster")
    (swedish,) = CATALOGUE.find("given", "en brödrost på 1 kW")
    assert english is not swedish
    assert english.function is swedish.function


def test_definition_serves_its_own_keyword_only() -> None:
    assert CATALOGUE.find("when", "a 1 kW toaster") == ()
    assert [each.keyword for each in CATALOGUE.find_any("a 1 kW toaster")] == ["given"]


def test_all_matching_definitions_are_found() -> None:
    assert {str(each) for each in CATALOGUE.find("then", "the power is off")} == {
        "Then the power is off",
        "Then the {word} is off",
    }


@for_all(keyword=st.sampled_from(["given", "when", "then"]), words=st.lists(st.sampled_from(WORDS), max_size=6))
def test_search_by_prefix_finds_what_a_full_search_finds(keyword: str, words: list[str]) -> None:
    text = " ".join(words)
    expected = {each for each in CATALOGUE.definitions if each.keyword == keyword and each.expression.matches(text)}
    assert set(CATALOGUE.find(keyword, text)) == expected


def test_nearest_definitions_come_best_first_whatever_the_numbers() -> None:
    best = CATALOGUE.nearest("then", "the sokcet cuts power within 98765.43 ms")[0]
    assert str(best) == "Then the socket cuts the power within {duration}"
    assert CATALOGUE.nearest("then", "xyzzy") == ()


def test_two_definitions_with_the_same_words_are_refused_with_both_places() -> None:
    twice = """
from hil.bdd.language.catalogue import given
@given("a toaster")
def _(): ...
@given("a toaster")
def _(): ...
"""
    with pytest.raises(AuthorError, match=r"twice\.py:5: 'Given a toaster' is defined already at .*twice\.py:3"):
        Catalogue.of_modules([module_of(twice, "twice")])


def test_wrong_definition_is_refused_when_its_module_is_imported_with_its_place() -> None:
    with pytest.raises(AuthorError, match=r"asleep\.py:2: the step 'it naps' is async"):
        module_of("from hil.bdd.language.catalogue import when\n@when('it naps')\nasync def _(): ...\n", "asleep")


def test_package_of_steps_is_loaded_with_all_its_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "bench_steps"
    package.mkdir()
    (package / "__init__.py").touch()
    for name in ("one", "two"):
        (package / f"{name}.py").write_text(
            f"from hil.bdd.language.catalogue import given\n@given('step {name}')\ndef _(): ...\n"
        )
    monkeypatch.syspath_prepend(tmp_path)
    try:
        assert [str(each) for each in load_catalogue(["bench_steps"]).definitions] == [
            "Given step one",
            "Given step two",
        ]
    finally:
        for name in [name for name in sys.modules if name.startswith("bench_steps")]:
            del sys.modules[name]


@pytest.mark.parametrize("path", sorted(Path(str(steps.__file__)).parent.glob("*.py")), ids=lambda path: path.name)
def test_editor_can_read_the_words_of_each_step(path: Path) -> None:
    """The Cucumber language server takes the text between the quotation marks as it stands (see parameters.py)."""
    source = path.read_text(encoding="utf-8")
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id in {"given", "when", "then"}:
            words = ast.literal_eval(call.args[0])
            assert ast.get_source_segment(source, call.args[0]) == f'"{words}"', "write one plain string"
            hint = "it would take this for a regular expression; write payment/payments for payment(s)"
            assert not set("().*|\\") & set(words), f"{path.name}:{call.lineno}: '{words}': {hint}"
            assert "sat/" not in words, f"{path.name}:{call.lineno}: '{words}': a slash means or; take a parameter type"


def test_steps_of_the_framework_load_without_pytest_and_are_documented() -> None:
    assert [each.source for each in load_catalogue().definitions if not each.doc] == []


def test_the_place_of_a_step_is_told_from_where_one_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    (definition,) = load_catalogue().find("given", "the load draws 100 W")
    folder = definition.path.parent

    monkeypatch.chdir(folder.parent)
    assert definition.file == "steps/setup.py"
    monkeypatch.chdir(folder)
    assert definition.source == f"setup.py:{definition.line}"
