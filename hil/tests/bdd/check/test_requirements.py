"""Requirements: read with places, named by tags, covered by scenarios."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.bdd.check import requirements
from hil.errors import AuthorError, ConfigurationError
from hil.tests.bdd.samples import feature_of

TWO = """\
- id: REQ-PAY-1
  text: It pays.
  source: Slides
- id: REQ-PAY-2
  text: It pays again.
  source: SPEC, "Sessions"
"""

FEATURE = """
    @REQ-PAY-1
    Feature: f
      Scenario Outline: s
        Given a <n>
        Examples:
          | n |
          | 1 |
        @REQ-PAY-2
        Examples:
          | n |
          | 2 |
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "requirements.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_requirements_are_read_in_order_with_their_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = requirements.load(written(tmp_path, TWO))
    assert list(found) == ["REQ-PAY-1", "REQ-PAY-2"]
    assert found["REQ-PAY-2"].place == "requirements.yaml:4:3"
    assert (found["REQ-PAY-2"].text, found["REQ-PAY-2"].source) == ("It pays again.", 'SPEC, "Sessions"')


def test_project_without_requirements_has_none(tmp_path: Path) -> None:
    assert requirements.load(tmp_path / "requirements.yaml") == {}


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("- [\n", ["requirements.yaml:2:1: this is no YAML"]),
        ("a: b\n", ["requirements.yaml:1:1: requirements are a list"]),
        (
            TWO.replace("REQ-PAY-1", "PAY-1").replace("  text: It pays again.\n", "  txet: It pays again.\n"),
            [
                "requirements.yaml:1:3: 'PAY-1' is no id; write it like REQ-PAY-1",
                "requirements.yaml:4:3: 'text' is missing",
                "requirements.yaml:5:3: 'txet' is not known; known: id, source, text. Did you mean 'text'?",
            ],
        ),
        (
            "- REQ-PAY-1\n- {id: REQ-PAY-1, text: 7, source: ''}\n",
            [
                "requirements.yaml:1:3: a requirement has id, text, source (read: 'REQ-PAY-1')",
                "requirements.yaml:2:19: 'text' is no text (read: 7)",
                "requirements.yaml:2:28: 'source' is no text (read: '')",
            ],
        ),
        (TWO.replace("PAY-2", "PAY-1"), ["requirements.yaml:4:3: 'REQ-PAY-1' stands at requirements.yaml:1:3 already"]),
    ],
)
def test_everything_wrong_in_the_file_is_told_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, messages: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        requirements.load(written(tmp_path, text))
    for message in messages:
        assert message in str(caught.value)


def test_each_outline_row_covers_what_its_tags_and_those_around_it_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = requirements.load(written(tmp_path, TWO + TWO.replace("PAY", "POWER")))
    plain = feature_of(tmp_path, "Feature: g\n  Scenario: t\n    Given a\n", "y.feature")
    found = requirements.coverage([feature_of(tmp_path, FEATURE), plain], wanted)
    assert found.scenarios["REQ-PAY-1"] == ["x.feature::s[1]", "x.feature::s[2]"]
    assert found.scenarios["REQ-PAY-2"] == ["x.feature::s[2]"]
    assert [each.id for each in found.uncovered] == ["REQ-POWER-1", "REQ-POWER-2"]
    assert [(feature.file, case.label) for feature, case in found.untagged] == [("y.feature", "t")]


def test_requirement_that_is_none_is_refused_with_the_nearest(tmp_path: Path) -> None:
    wanted = requirements.load(written(tmp_path, TWO))
    assert requirements.known(["@REQ-PAY-2", "REQ-PAY-1"], wanted) == {"REQ-PAY-1", "REQ-PAY-2"}
    with pytest.raises(AuthorError, match=r"'REQ-PAY-22' is not a requirement; known: .*Did you mean 'REQ-PAY-2'\?"):
        requirements.known(["REQ-PAY-22"], wanted)
