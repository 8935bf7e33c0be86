"""The vectors of SPEC, read for the tests of the second counterpart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hil.second.coins import Coin

_FOLDER = Path(__file__).parents[3] / "fixtures" / "data" / "vectors"


def load(name: str) -> Any:
    """Return the content of one file of vectors."""
    return json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def coin(parts: dict[str, Any]) -> Coin:
    """Return the coin that stands in a vector."""
    return Coin(parts["txid"], parts["index"], parts["value_sat"], bytes.fromhex(parts["script"]))


def coins(parts: list[dict[str, Any]]) -> tuple[Coin, ...]:
    """Return the coins that stand in a vector."""
    return tuple(map(coin, parts))
