"""The documentation of the steps, from their definitions."""

from __future__ import annotations

import json

import pytest

from hil.bdd.language.catalogue import load_catalogue
from hil.bdd.language.listing.steps import as_json, as_markdown, as_text, first_sentence, search

CATALOGUE = load_catalogue()


def test_search_wants_all_words_in_text_documentation_or_theme() -> None:
    assert "Given the load draws {power}" in [str(each) for each in search(CATALOGUE, ["DRAWS", "the load"])]
    assert [str(each) for each in search(CATALOGUE, ["toaster of"])] == [
        "Given a toaster of {power} is plugged into the cable"
    ]
    assert {each.file for each in search(CATALOGUE, ["cheating.py"])} == {"hil/steps/cheating.py"}
    assert search(CATALOGUE, []) == list(CATALOGUE.definitions)
    assert search(CATALOGUE, ["load", "xyzzy"]) == []


def test_text_has_a_block_for_each_theme() -> None:
    text = as_text(search(CATALOGUE, ["toaster of"]))
    theme, step, doc = text.splitlines()
    assert theme == "What stands on the bench: device under test, appliance, budget, seeded defects"
    assert step == "  Given a toaster of {power} is plugged into the cable"
    assert doc.startswith("      The reference appliance: 1300 W when hot")
    assert "(hil/steps/setup.py:" in doc


@pytest.mark.parametrize(
    "wrapped", ["One thing, and\nanother. More.", "One thing, and another\n\nMore", "One thing, and another."]
)
def test_what_is_shown_of_a_docstring_is_a_whole_sentence_however_it_is_wrapped(wrapped: str) -> None:
    assert first_sentence(wrapped).rstrip(".") == "One thing, and another"


def test_each_line_of_the_list_of_steps_ends_as_a_sentence_does() -> None:
    for definition in CATALOGUE.definitions:
        assert first_sentence(definition.doc).endswith("."), definition


def test_markdown_documents_every_step_and_the_types_that_they_use() -> None:
    page = as_markdown(CATALOGUE.definitions)
    for definition in CATALOGUE.definitions:
        assert f"### {definition.keyword.capitalize()} `{definition.expression.source}`" in page
    assert "| `{mode}` | `single-fee` | `single-fee`, `per-payment` |" in page
    assert "``" not in page


def test_json_tells_what_an_editor_or_a_page_wants_to_know() -> None:
    found = json.loads(as_json(search(CATALOGUE, ["toaster of"])))
    assert found == [
        {
            "keyword": "given",
            "text": "a toaster of {power} is plugged into the cable",
            "parameters": ["power"],
            "documentation": "The reference appliance: 1300 W when hot, more in the first second (PTC inrush).",
            "theme": "What stands on the bench: device under test, appliance, budget, seeded defects",
            "file": "hil/steps/setup.py",
            "line": found[0]["line"],
            "below": [],
            "needs_of_rig": True,
        }
    ]
