"""A mistake in code, told in one sentence: what, where, and whom to ask with what."""

from __future__ import annotations

import errno
import platform
import sys
import tempfile
import traceback
from pathlib import Path

import hil
from hil.errors import ConfigurationError, FrameworkError, HilError, RigFault, words
from hil.evidence.verdicts import of_the_machine, purposeful

_FRAMEWORK = Path(hil.__file__).parent
_STEPS = _FRAMEWORK / "steps"

SHOWN_CALLS = 10
"""So many calls at the beginning, and as many at the end, say where an error came from."""

_OTHERS = ("site-packages", "dist-packages", Path(traceback.__file__).parent.name)
"""Folders of what is neither ours nor the laboratory's: libraries, and Python's own."""


def told(error: BaseException) -> HilError:
    """Return the error to show to a person: the one that was raised on purpose, else one that names who must act.

    A lack of disk, rights, memory or handles is a RigFault: the laboratory mends it. All else is a FrameworkError.
    """
    if (own := purposeful(error)) is not None:
        return own
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return ConfigurationError("this name is too long; at most 255 bytes are allowed", place=str(error.filename))
    if of_the_machine(error):
        where = getattr(error, "filename", None)
        what = getattr(error, "strerror", None) or "memory has run out"
        remedy = "Free space, memory or handles, or give the rights that are missing; then rerun."
        place = None if where is None else str(where)
        return RigFault(f"this machine lacks something: {what}", place=place, remedy=remedy)
    place, remedy = _where(error)
    return FrameworkError(f"a mistake in code: {sentence(error)}", place=place, remedy=remedy)


def sentence(error: BaseException) -> str:
    """Return type and words of ``error`` on one line that any file can hold."""
    said = " ".join(words(error).split()).encode("utf-8", "backslashreplace").decode()
    return said if said.startswith(type(error).__name__) else f"{type(error).__name__}: {said}"


def kept(error: BaseException) -> Path | None:
    """Write the traceback of ``error`` to a new file and return its path; None if this machine takes no file."""
    head = f"micropay-hil {hil.__version__}, Python {sys.version.split()[0]}, {platform.platform()}\n"
    head += f"{' '.join(map(str, sys.argv))}\n\n"
    text = "".join(traceback.format_exception(error)).encode("utf-8", "backslashreplace")
    try:
        with tempfile.NamedTemporaryFile("wb", prefix="hil-error-", suffix=".txt", delete=False) as file:
            file.write(head.encode("utf-8", "backslashreplace") + text)
    except OSError:
        return None
    return Path(file.name)


def last_words(error: BaseException) -> str:
    """Return the final message about ``error``; a framework error names a file with the traceback to send."""
    found = told(error)
    if not isinstance(found, FrameworkError) or found is error:
        return str(found)
    file = kept(error)
    return f"{found} What happened stands in {file}: send that too." if file else str(found)


def trail(error: BaseException) -> list[str]:
    """Return ``file:line in function`` of each call that led to ``error``, without those inside of libraries.

    Of very many, as after a recursion without an end, the first and the last ones are enough.
    """
    calls = [call for call in traceback.extract_tb(error.__traceback__) if _is_ours(call.filename)]
    told = [f"{_shown(Path(call.filename))}:{call.lineno} in {call.name}" for call in calls]
    left_out = len(told) - 2 * SHOWN_CALLS
    if left_out <= 1:
        return told
    return [*told[:SHOWN_CALLS], f"… {left_out} more calls …", *told[-SHOWN_CALLS:]]


def _where(error: BaseException) -> tuple[str | None, str]:
    """Return the place of the last call that is ours or the laboratory's, and whom to ask."""
    calls = [call for call in traceback.extract_tb(error.__traceback__) if _is_ours(call.filename)]
    if not calls:
        return None, "Send us this line and the run folder."
    path = Path(calls[-1].filename)
    place = f"{_shown(path)}:{calls[-1].lineno}"
    if _STEPS in path.parents:
        return place, "Ask who wrote this step; if it came with the framework, send us this line and the run folder."
    if _FRAMEWORK in path.parents:
        return place, "Send us this line and the run folder."
    return place, "Ask who wrote this code; it is not part of the framework."


def _is_ours(file: str) -> bool:
    path = Path(file)
    return path.is_absolute() and not any(part in path.parts for part in _OTHERS)


def _shown(path: Path) -> str:
    """Return the path from the package or the project on: evidence names no folder of one machine."""
    for root in (_FRAMEWORK.parent, Path.cwd()):
        if root in path.parents:
            return str(path.relative_to(root))
    return path.name
