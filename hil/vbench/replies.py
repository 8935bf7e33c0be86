"""The words of the control port: JSON texts, errors, and the guarantee that no request ends the bench."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hil.errors import HilError
from hil.vbench.firmware import describe

if TYPE_CHECKING:
    from collections.abc import Callable

# Made once: json.loads and json.dumps with separators cost 10 µs more a request.
decode = json.JSONDecoder().decode
encode = json.JSONEncoder(separators=(",", ":")).encode


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
