"""A wider fixture that asks for the bench only while a test is set up: told as its author's error as well."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from hil.bdd.pytest_plugin.python_tests import of_scopes
from hil.errors import AuthorError

ITEM: Any = SimpleNamespace(nodeid="tests/test_ours.py::test_one")


def test_what_pytest_says_of_scopes_is_an_author_error_with_a_remedy() -> None:
    error = of_scopes(ITEM, pytest.fail.Exception("ScopeMismatch: You tried to access …", pytrace=False))

    assert isinstance(error, AuthorError)
    assert str(error).startswith(f"{ITEM.nodeid}: a fixture that is wider than one test asks for one that is not")
    assert "the bench belongs to one test" in str(error)
    assert error.remedy is not None


@pytest.mark.parametrize("error", [pytest.fail.Exception("no power"), AssertionError("ScopeMismatch: of ours")])
def test_other_failures_stay_what_they_are(error: BaseException) -> None:
    assert of_scopes(ITEM, error) is error
