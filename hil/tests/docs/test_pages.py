"""README and the pages of docs/: links lead somewhere, files that they name exist, README stays short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hil.tests.docs.generate import ROOT, pages

MOST_LINES_OF_README = 150
MOST_BYTES_OF_A_PICTURE = 150_000

PAGES = {str(path.relative_to(ROOT)): path for path in pages()}

LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
NAMED = re.compile(r"`((?:hil|features|rigs|fixtures|docs|\.ci)/[\w./-]+)`")
EXAMPLES = re.compile(r"features/(x|the-kettle|a-.*)\.feature|hil/steps/the_kettle\.py|docs/_build/.*")
"""Files that a page has its reader write, or that stand for any."""


@pytest.mark.parametrize("name", PAGES)
def test_each_link_leads_to_a_file(name: str) -> None:
    page = PAGES[name]
    broken = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]

    assert broken == []


@pytest.mark.parametrize("name", PAGES)
def test_each_file_of_the_project_that_a_page_names_is_there(name: str) -> None:
    named = NAMED.findall(PAGES[name].read_text(encoding="utf-8"))
    missing = [each for each in named if not (ROOT / each).exists() and not EXAMPLES.fullmatch(each)]

    assert missing == []


def test_the_readme_is_read_in_some_minutes() -> None:
    assert len(PAGES["README.md"].read_text(encoding="utf-8").splitlines()) <= MOST_LINES_OF_README


def test_pictures_are_small() -> None:
    pictures = list((ROOT / "docs/images").iterdir())

    assert pictures != []
    assert [path.name for path in pictures if path.stat().st_size > MOST_BYTES_OF_A_PICTURE] == []


def test_each_page_can_be_found_from_the_index() -> None:
    index = PAGES["docs/index.md"].read_text(encoding="utf-8")
    listed = {f"docs/{line}.md" for line in re.findall(r"^([a-z][\w/-]+)$", index, re.MULTILINE)}
    elsewhere = {"README.md", "CONTRIBUTING.md", "docs/index.md"}
    missing = [name for name in PAGES if name not in listed | elsewhere and Path(name).parent.name != "decisions"]

    assert missing == []
