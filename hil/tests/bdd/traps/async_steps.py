"""A step that is a coroutine: who calls it gets a promise, and nothing of its body runs."""

from __future__ import annotations

from hil.bdd.language.catalogue import then


@then("the power is off")
async def power_is_off() -> None:
    """Fails, if it ever ran."""
    raise AssertionError("the power is on")
