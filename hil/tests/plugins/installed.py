"""Distributions that bring plug-ins, made in a folder as an installer makes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def distribution(folder: Path, name: str, entries: Mapping[str, Mapping[str, str]], version: str = "1.2") -> None:
    """Write what an installer leaves of a distribution: its name, its version and its entry points."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    lines = []
    for group, references in entries.items():
        lines += [f"[{group}]", *(f"{key} = {reference}" for key, reference in references.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
