"""Where the project is: features, rigs and data are found from its root."""

from __future__ import annotations

from pathlib import Path

from hil.errors import ConfigurationError


def project_root(start: Path) -> Path:
    """Return the folder at or above ``start`` that holds ``rigs/`` and ``features/``."""
    for folder in (start, *start.parents):
        if (folder / "rigs").is_dir() and (folder / "features").is_dir():
            return folder
    raise ConfigurationError(
        "no project here: no folder at or above has rigs/ and features/", place=str(start), remedy="Change into it."
    )
