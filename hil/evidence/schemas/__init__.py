"""The JSON Schemas of the evidence: of an event, of ``run.json``, of ``manifest.json``."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def text_of_schema(name: str) -> str:
    """Return the text of the schema ``event``, ``run`` or ``manifest``."""
    return (files(__name__) / f"{name}.schema.json").read_text(encoding="utf-8")


def schema(name: str) -> dict[str, Any]:
    """Return the schema ``event``, ``run`` or ``manifest``."""
    document: dict[str, Any] = json.loads(text_of_schema(name))
    return document
