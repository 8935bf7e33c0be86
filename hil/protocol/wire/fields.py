"""How one field of a message stands on the wire: its plain CBOR form, what is allowed, and how people read it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, get_type_hints

from hil.errors import PeerViolation
from hil.protocol.codes import ErrorCode

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"

E = TypeVar("E", bound=enum.IntEnum)


class MessageErrorCode(enum.StrEnum):
    """What can be wrong with a message."""

    BAD_CBOR = "bad CBOR"
    UNKNOWN_TYPE = "unknown type"
    UNSUPPORTED_VERSION = "unsupported version"
    FIELD_COUNT = "wrong number of fields"
    WRONG_TYPE = "wrong type"
    OUT_OF_RANGE = "out of range"


class MessageError(PeerViolation):
    """A message that was refused; ``session`` is its session id where that could be read."""

    def __init__(self, code: MessageErrorCode, text: str, session: bytes | None = None) -> None:
        super().__init__(f"{code.value}: {text}")
        self.code = code
        self.text = text
        self.session = session

    @property
    def error_code(self) -> ErrorCode:
        """The code of the ERROR message that reports this."""
        unsupported = self.code is MessageErrorCode.UNSUPPORTED_VERSION
        return ErrorCode.UNSUPPORTED_VERSION if unsupported else ErrorCode.MALFORMED


@dataclass(frozen=True)
class Field:
    """The wire form of a field.

    ``check`` takes the plain form and raises MessageError unless it is allowed; ``to_plain`` and ``from_plain``
    are each other's inverse on what ``check`` lets pass; ``show`` makes the value readable.
    """

    check: Callable[[object, str], None]
    to_plain: Callable[[Any], Any] = lambda value: value
    from_plain: Callable[[Any], Any] = lambda plain: plain
    show: Callable[[Any], Any] = lambda value: value
    rule: str = ""
    """The check in words, for the specification."""


def uint(lowest: int, highest: int) -> Field:
    """An unsigned integer from ``lowest`` to ``highest``."""

    def check(plain: object, where: str) -> None:
        if type(plain) is not int:
            raise _wrong_type(plain, where, "an unsigned integer")
        if not lowest <= plain <= highest:
            raise MessageError(MessageErrorCode.OUT_OF_RANGE, f"{where} is {plain}, allowed is {lowest} to {highest}")

    return Field(check, rule=f"uint, {lowest} to {highest}")


def blob(shortest: int, longest: int) -> Field:
    """A byte string of ``shortest`` to ``longest`` bytes; people read it in hex."""

    def check(plain: object, where: str) -> None:
        if type(plain) is not bytes:
            raise _wrong_type(plain, where, "a byte string")
        _check_count(len(plain), shortest, longest, where, "bytes")

    length = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
    return Field(check, show=bytes.hex, rule=f"bstr, {length} bytes")


def printable(longest: int) -> Field:
    """A text of at most ``longest`` printable characters of ASCII, 0x20 to 0x7e; encoding cuts it and puts ``?`` for
    any other.
    """

    def is_printable(text: str) -> bool:
        return text.isascii() and text.isprintable()

    def check(plain: object, where: str) -> None:
        if type(plain) is not str:
            raise _wrong_type(plain, where, "a text")
        _check_count(len(plain), 0, longest, where, "characters")
        if not is_printable(plain):
            raise MessageError(MessageErrorCode.OUT_OF_RANGE, f"{where} has characters outside of 0x20 to 0x7e")

    # An error report must always get out, also with a library's or a node's odd message in it.
    def tidy(value: str) -> str:
        return "".join(letter if is_printable(letter) else "?" for letter in value[:longest])

    return Field(check, tidy, rule=f"tstr, at most {longest} characters, each from 0x20 to 0x7e")


def transaction_id(*, optional: bool = False) -> Field:
    """A transaction id: 32 bytes in the order in which transactions hold it, the reverse of what people write."""
    raw = blob(32, 32)

    def check(plain: object, where: str) -> None:
        if not (optional and plain == b"" and type(plain) is bytes):
            raw.check(plain, where)

    return Field(
        check,
        lambda txid: bytes.fromhex(txid)[::-1],
        lambda plain: plain[::-1].hex(),
        rule="bstr, 32 bytes" + (" or empty" if optional else ""),
    )


def choice(kind: type[E]) -> Field:
    """One of the members of ``kind``, as its number."""

    def check(plain: object, where: str) -> None:
        if type(plain) is not int:
            raise _wrong_type(plain, where, "an unsigned integer")
        if plain not in kind.__members__.values():
            raise MessageError(MessageErrorCode.OUT_OF_RANGE, f"{where}: {plain} is no {kind.__name__}")

    return Field(check, int, kind, lambda value: str(value.name), rule=f"uint, a {kind.__name__}")


def several(item: Field, most: int) -> Field:
    """An array of one to ``most`` different items."""

    def check(plain: object, where: str) -> None:
        if type(plain) is not list:
            raise _wrong_type(plain, where, "an array")
        _check_count(len(plain), 1, most, where, "items")
        for index, element in enumerate(plain):
            item.check(element, f"{where}[{index}]")
            if element in plain[:index]:
                raise MessageError(MessageErrorCode.OUT_OF_RANGE, f"{where}[{index}] is there twice")

    return Field(
        check,
        lambda value: [item.to_plain(element) for element in value],
        lambda plain: tuple(item.from_plain(element) for element in plain),
        lambda value: [item.show(element) for element in value],
        rule=f"array of 1 to {most} different: {item.rule}",
    )


def record(kind: type[Any]) -> Field:
    """A dataclass whose fields carry their wire form, as an array in their order."""
    fields = wire_fields(kind)

    def check(plain: object, where: str) -> None:
        if type(plain) is not list:
            raise _wrong_type(plain, where, "an array")
        if len(plain) != len(fields):
            text = f"{where} has {len(plain)} items, {len(fields)} are specified"
            raise MessageError(MessageErrorCode.FIELD_COUNT, text)
        for (name, field), element in zip(fields.items(), plain, strict=True):
            field.check(element, f"{where}.{name}")

    def show(value: object) -> dict[str, Json]:
        return {name: field.show(getattr(value, name)) for name, field in fields.items()}

    return Field(
        check,
        lambda value: [field.to_plain(getattr(value, name)) for name, field in fields.items()],
        lambda plain: kind(*(field.from_plain(item) for field, item in zip(fields.values(), plain, strict=True))),
        show,
        rule="[" + ", ".join(fields) + "]",
    )


def wire_fields(kind: type[Any]) -> dict[str, Field]:
    """Return the wire form of each field of a dataclass, taken from its ``Annotated`` types, in order."""
    hints = get_type_hints(kind, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items() if hasattr(hint, "__metadata__")}


def _wrong_type(plain: object, where: str, expected: str) -> MessageError:
    return MessageError(MessageErrorCode.WRONG_TYPE, f"{where} is {type(plain).__name__}, expected {expected}")


def _check_count(count: int, least: int, most: int, where: str, unit: str) -> None:
    if not least <= count <= most:
        allowed = f"{least}" if least == most else f"{least} to {most}"
        raise MessageError(MessageErrorCode.OUT_OF_RANGE, f"{where} has {count} {unit}, allowed is {allowed}")
