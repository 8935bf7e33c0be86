"""Files that are written whole or not at all: a reader sees the old content or the new one, never a part."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from hil.owner_only import opener

DRAFT: Final = ".tmp"
"""What is added to a file's name while it is written; a crash may leave such a file."""


def write_whole(path: Path, content: str | bytes | Iterable[str], *, private: bool = False) -> None:
    """Write ``path`` anew from a text, its parts, or bytes; raises OSError, and then leaves what was there.

    :param private: only its owner may read it, whatever the umask.
    """
    draft = path.with_name(path.name + DRAFT)
    parts = [content] if isinstance(content, str | bytes) else content
    try:
        with open(draft, "wb", opener=opener if private else None) as file:
            file.writelines(part.encode() if isinstance(part, str) else part for part in parts)
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
