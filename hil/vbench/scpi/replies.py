"""Replies that are more than text: blocks of binary data (IEEE 488.2, 8.7.9)."""

from __future__ import annotations


def block(data: bytes) -> str:
    """Return ``data`` as a definite length block, a character for each byte: ``#3012...``."""
    length = str(len(data))
    return f"#{len(length)}{length}{data.decode('latin-1')}"
