"""The words of the control port: JSON texts, errors, and the guarantee that no request ends the bench."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from hil.errors import HilError
from hil.vbench.devices.host import describe

if TYPE_CHECKING:
    from collections.abc import Callable

decode = orjson.loads
"""Raises ValueError for what is not JSON. The standard library's takes ten times as long: a tenth of each advance."""


def encode(document: object) -> str:
    """Return one line of JSON."""
    return orjson.dumps(document).decode()


def guarded(work: Callable[..., str | None], *arguments: object) -> str | None:
    """Return what ``work`` returns, or the error it raises as a reply: no request ends the bench."""
    try:
        return work(*arguments)
    except HilError as problem:
        return error(str(problem))
    except Exception as problem:  # a mistake in the bench itself
        return error(describe(problem), who="bench")


def error(what: str, **more: object) -> str:
    """Return the reply that says what could not be done."""
    return encode({"error": what, **more})
