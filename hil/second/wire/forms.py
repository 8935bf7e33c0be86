"""The forms that a field of a message can have: what stands on the line for a value, and which values are allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from hil.second.coins import MOST_SATOSHI, Coin

if TYPE_CHECKING:
    import enum

    from hil.second.wire.cbor import Item


class BadValue(Exception):
    """The item is not of the form of its field."""


class Form(Protocol):
    """What a field looks like on the line."""

    def item(self, value: Any) -> Item:
        """Return what stands on the line for a value."""

    def value(self, item: Item) -> Any:
        """Return the value of what stands on the line. Raises BadValue."""


@dataclass(frozen=True)
class Uint:
    """An unsigned integer from ``least`` to ``most``."""

    least: int
    most: int

    def item(self, value: int) -> Item:
        """Return the number itself."""
        return value

    def value(self, item: Item) -> int:
        """Return the number. Raises BadValue."""
        if not isinstance(item, int) or not self.least <= item <= self.most:
            raise BadValue(f"{_shown(item)} is not a number from {self.least} to {self.most}")
        return item


@dataclass(frozen=True)
class Bytes:
    """A byte string of one of some lengths."""

    lengths: range

    def item(self, value: bytes) -> Item:
        """Return the bytes themselves."""
        return value

    def value(self, item: Item) -> bytes:
        """Return the bytes. Raises BadValue."""
        if not isinstance(item, bytes) or len(item) not in self.lengths:
            raise BadValue(f"{_shown(item)} is not a byte string of {self.lengths.start} to {self.lengths[-1]} bytes")
        return item


def bytes_of(least: int, most: int) -> Bytes:
    """Return the form of byte strings of ``least`` to ``most`` bytes."""
    return Bytes(range(least, most + 1))


@dataclass(frozen=True)
class Text:
    """Text of at most ``most`` characters of printable ASCII."""

    most: int

    def item(self, value: str) -> Item:
        """Return the text cut to its length, with ``?`` for each character that is not printable ASCII."""
        return "".join(each if _printable(each) else "?" for each in value[: self.most])

    def value(self, item: Item) -> str:
        """Return the text. Raises BadValue."""
        if not isinstance(item, str) or len(item) > self.most or not all(map(_printable, item)):
            raise BadValue(f"{_shown(item)} is not printable ASCII of at most {self.most} characters")
        return item


@dataclass(frozen=True)
class Listed:
    """A number of a closed list."""

    list: type[enum.IntEnum]

    def item(self, value: enum.IntEnum) -> Item:
        """Return the number."""
        return int(value)

    def value(self, item: Item) -> enum.IntEnum:
        """Return the member with the number. Raises BadValue."""
        if not isinstance(item, int) or item not in set(self.list):
            raise BadValue(f"{_shown(item)} is no {self.list.__name__}")
        return self.list(item)


@dataclass(frozen=True)
class Several:
    """An array of 1 to ``most`` items of one form, all different."""

    form: Form
    most: int

    def item(self, value: tuple[Any, ...]) -> Item:
        """Return the array."""
        return [self.form.item(each) for each in value]

    def value(self, item: Item) -> tuple[Any, ...]:
        """Return the values. Raises BadValue."""
        if not isinstance(item, list) or not 1 <= len(item) <= self.most:
            raise BadValue(f"{_shown(item)} is not an array of 1 to {self.most} items")
        values = tuple(self.form.value(each) for each in item)
        if len(set(values)) != len(values):
            raise BadValue("an item stands twice in an array")
        return values


@dataclass(frozen=True)
class CoinForm:
    """A coin: transaction id in the byte order of transactions, index, value, script."""

    def item(self, value: Coin) -> Item:
        """Return the array of its parts."""
        return [bytes.fromhex(value.txid)[::-1], value.index, value.value_sat, value.script]

    def value(self, item: Item) -> Coin:
        """Return the coin. Raises BadValue."""
        if not isinstance(item, list) or len(item) != 4:
            raise BadValue(f"{_shown(item)} is not a coin")
        txid, index, value_sat, script = item
        return Coin(
            bytes_of(32, 32).value(txid)[::-1].hex(),
            Uint(0, 0xFFFFFFFF).value(index),
            Uint(1, MOST_SATOSHI).value(value_sat),
            bytes_of(1, 42).value(script),
        )


def _printable(character: str) -> bool:
    return " " <= character <= "~"


def _shown(item: Item) -> str:
    if isinstance(item, bytes):
        return f"a byte string of {len(item)} bytes"
    if isinstance(item, str):
        return f"text of {len(item)} characters"
    return f"an array of {len(item)} items" if isinstance(item, list) else str(item)
