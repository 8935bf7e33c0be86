from __future__ import annotations

import pytest

from hil.bdd.language.typos import meant_keyword, one_slip


@pytest.mark.parametrize(
    ("line", "keyword"),
    [
        ("Giben the socket", "Given"),
        ("Givn the socket", "Given"),
        ("Whne it pays", "When"),
        ("Thenn it pays", "Then"),
        ("given the socket", "Given"),
        ("AND the cable", "And"),
        ("Then: the power", "Then"),
    ],
)
def test_misspelt_keyword_is_recognised(line: str, keyword: str) -> None:
    assert meant_keyword(line, "en") == keyword


@pytest.mark.parametrize(
    "line",
    ["The socket sells.", "They trade.", "An appliance", "Gives power", "One slice of bread", "Butter melts", "40 Wh"],
)
def test_prose_is_left_alone(line: str) -> None:
    assert meant_keyword(line, "en") is None


def test_keywords_are_those_of_the_language() -> None:
    assert meant_keyword("Givte en brödrost", "sv") == "Givet"
    assert meant_keyword("Giben a toaster", "sv") is None


@pytest.mark.parametrize(
    ("read", "slip"), [("when", True), ("whan", True), ("wen", True), ("wehn", True), ("whenn", True)]
)
def test_one_slip_is_one_letter_or_a_swap(read: str, slip: bool) -> None:
    assert one_slip(read, "when") is slip


@pytest.mark.parametrize("read", ["whom", "wneh", "whenever", "", "nehw"])
def test_two_slips_are_too_many(read: str) -> None:
    assert not one_slip(read, "when")
