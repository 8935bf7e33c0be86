"""What is public changes on purpose only, and is documented."""

from __future__ import annotations

import inspect

import pytest

from hil.tests.docs.interface import FILE, PUBLIC, interface


def test_what_is_public_is_what_the_page_says() -> None:
    told, now = FILE.read_text(encoding="utf-8").splitlines(), interface().splitlines()

    gone, new = sorted(set(told) - set(now)), sorted(set(now) - set(told))
    remedy = "If it is meant: CHANGELOG says it, and python -m hil.tests.docs.interface writes the file."
    assert not gone, f"no longer public: {gone}. {remedy}"
    assert not new, f"public since this change: {new}. {remedy}"
    assert told == now


@pytest.mark.parametrize("module", PUBLIC, ids=lambda module: str(module.__name__))
def test_all_lists_what_the_module_offers_and_each_function_and_class_of_it_has_a_docstring(module: object) -> None:
    names = vars(module)["__all__"]
    assert len(names) == len(set(names))
    for name in names:
        value = vars(module)[name]
        if inspect.isclass(value) or inspect.isfunction(value) or inspect.ismodule(value):
            assert inspect.getdoc(value), name


def test_a_changed_parameter_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    from hil import testing

    def nearest(read: str) -> str:
        return read

    monkeypatch.setattr(testing, "nearest", nearest)

    assert "hil.testing.nearest(read: str) -> str\n" in interface()
    assert interface() != FILE.read_text(encoding="utf-8")
