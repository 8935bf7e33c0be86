"""YAML that people write: every mistake has its place."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from hil import yaml_file
from hil.errors import ConfigurationError
from hil.yaml_file import Strict


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("a: !!int b", "x.yaml", "this is no YAML"),
        ("a: [1", "x.yaml:1:6", "this is no YAML"),
        ("a: 1\na: 2", "x.yaml:2:1", "this is no YAML"),
        ("[" * 5000, "x.yaml", "nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, place: str, what: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        yaml_file.parse(text, "x.yaml")

    assert caught.value.place is not None
    assert caught.value.place.startswith(place)
    assert what in str(caught.value)


def test_a_day_in_quotes_is_a_text_whatever_the_calendar_says() -> None:
    assert yaml_file.plain(yaml_file.parse("a: '2025-02-30'", "x")) == {"a": "2025-02-30"}


def test_a_day_and_an_instant_are_the_texts_that_stand_there() -> None:
    document = yaml_file.parse("day: 2026-01-05\nlist: [2026-01-05T10:00:00Z]", "x")

    assert yaml_file.plain(document) == {"day": "2026-01-05", "list": ["2026-01-05T10:00:00Z"]}


def test_a_file_that_is_no_text_or_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe")
    for name, words in (("x.yaml", "no UTF-8"), ("y.yaml", "No such file"), (".", "Is a directory")):
        with pytest.raises(ConfigurationError, match=words):
            yaml_file.load(tmp_path / name)


@given(st.text(alphabet="-0123456789: []{}'\"#aT.eZ&*!|>\n", max_size=40))
def test_any_text_is_a_document_or_a_mistake_of_its_author(text: str) -> None:
    with contextlib.suppress(ConfigurationError):
        yaml_file.plain(yaml_file.parse(text, "x.yaml"))


class Step(Strict):
    """A part of a part."""

    power: float = Field(gt=0)
    kind: Literal["ramp", "hold"] = "hold"


class Plan(Strict):
    """A file as the tests have it."""

    title: str
    steps: tuple[Step, ...] = ()


def test_every_mistake_of_a_file_is_told_at_once_with_place_value_and_what_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("titel: x\nsteps:\n  - {power: 0, kind: rmap}\n  - {pover: 1, power: 2}\n")
    with pytest.raises(ConfigurationError) as caught:
        yaml_file.read(Plan, path, remedy="Mend it.")

    assert str(caught.value).splitlines() == [
        f"{path}:1:1: title: Field required",
        f"{path}:3:6: steps.0.power: must be above 0 (read: 0)",
        f"{path}:3:16: steps.0.kind: 'rmap' is not known; known: hold, ramp. Did you mean 'ramp'?",
        f"{path}:4:6: steps.1.pover: 'pover' is not known; known: kind, power. Did you mean 'power'?",
        f"{path}:1:1: titel: 'titel' is not known; known: steps, title. Did you mean 'title'? Mend it.",
    ]


def test_a_file_that_is_no_mapping_is_told_what_it_may_set(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("- 1\n")
    with pytest.raises(ConfigurationError, match=r"plan.yaml:1:1: this is a mapping; it sets title, steps"):
        yaml_file.read(Plan, tmp_path / "plan.yaml")


def test_a_file_without_mistakes_is_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("title: x\nsteps: [{power: 2.5}]\n")

    assert yaml_file.read(Plan, tmp_path / "plan.yaml") == Plan(title="x", steps=(Step(power=2.5),))


def test_a_secret_is_not_quoted() -> None:
    with pytest.raises(ValidationError) as caught:
        Plan.model_validate({"title": "x", "steps": [{"power": -4711, "kind": "s3cret"}]})
    found = yaml_file.mistakes(caught.value, Plan, {}, secret=True)

    assert [keys for keys, _ in found] == [("steps", 0, "power"), ("steps", 0, "kind")]
    assert not any("4711" in what or "s3cret" in what for _, what in found)


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("limits: &l {<<: *l, a: 1}\n", "x.yaml:1:1", "this is no YAML: a mapping is merged into itself"),
        ('b: 1\nname: "\\ud800"\n', "x.yaml:2:1", "this text has half a character (a surrogate)"),
    ],
)
def test_what_cannot_be_worked_with_is_told_at_its_place(text: str, place: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        yaml_file.parse(text, "x.yaml")
    assert error.value.place == place
    assert error.value.what.startswith(told)


def test_aliases_that_stand_for_more_values_than_any_file_has_are_refused_at_once() -> None:
    lines = ["a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]"]
    lines += [f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]" for number in range(1, 40)]
    with pytest.raises(ConfigurationError, match="aliases make more than 100000 values of this"):
        yaml_file.parse("\n".join(lines), "x.yaml")


class Numbers(Strict):
    """A part with a number, and with a truth."""

    count: int | None = None
    ratio: float = 1.0
    switched: bool | int = False


@pytest.mark.parametrize("key", ["count", "ratio"])
def test_true_is_no_number(key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{key}: must be a number, not true or false"):
        yaml_file.build(Numbers, {key: True}, "x.yaml")


def test_true_is_taken_where_it_is_allowed() -> None:
    assert yaml_file.build(Numbers, {"switched": True}, "x.yaml").switched is True


def test_no_number_is_infinite() -> None:
    with pytest.raises(ConfigurationError, match="ratio: Input should be a finite number"):
        yaml_file.build(Numbers, {"ratio": float("inf")}, "x.yaml")
