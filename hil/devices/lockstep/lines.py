"""The lines of the lockstep device protocol (docs/reference/lockstep-device.md): events out, answers in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from hil.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VERSION: Final = 1

MICROSECONDS: Final = 1_000_000


class WrongAnswer(Exception):
    """A line that the protocol does not allow; its text says what was read and what is allowed."""


@dataclass(frozen=True)
class SendLink:
    """Send bytes on the link."""

    data: bytes


@dataclass(frozen=True)
class Print:
    """Print a line on the console."""

    text: str


@dataclass(frozen=True)
class Identify:
    """What the program says that it is."""

    text: str


@dataclass(frozen=True)
class Drive:
    """Drive the coil of the power contact."""

    closed: bool


@dataclass(frozen=True)
class Ask:
    """A question to the ledger."""

    number: int
    question: str
    """One of ``QUESTIONS``."""
    transaction: bytes = b""
    txid: str = ""
    index: int = 0


@dataclass(frozen=True)
class Until:
    """The end of an answer: wake the program at this instant (µs); None: there is nothing to wait for."""

    time: int | None


Line: TypeAlias = SendLink | Print | Identify | Drive | Ask | Until

QUESTIONS: Final = ("ready", "coin", "accepts", "broadcast", "conflict")

MAX_NUMBER: Final = 2**63 - 1
"""Of times and numbers of questions: they fit into 64 bits on either side."""


def preamble(role: str, seed: bytes, storage: str, profile: Mapping[str, object]) -> str:
    """Return the lines that a program is given before the first event."""
    settings = json.dumps(profile, separators=(",", ":"), ensure_ascii=True)
    lines = (f"lockstep {VERSION}", f"role {role}", f"seed {seed.hex()}", f"storage {storage}", f"profile {settings}")
    return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True)
class BoardState:
    """What a device's board feels at one instant: µs, mV, mA, mW, µWh, contact and plug; None: it cannot tell."""

    time: int
    meter: tuple[int, int, int, int] | None
    contact_closed: bool | None
    plugged: bool | None

    def event(self, what: str) -> str:
        """Return the line that tells the event ``what``."""
        meter = "- - - -" if self.meter is None else "{} {} {} {}".format(*self.meter)
        contact = _word(self.contact_closed, "closed", "open")
        return f"at {self.time} {meter} {contact} {_word(self.plugged, 'in', 'out')} {what}\n"


def _word(state: bool | None, yes: str, no: str) -> str:
    return "-" if state is None else yes if state else no


def parse(line: str) -> Line:
    """Return what a line of an answer says; raises WrongAnswer if the protocol has no such line."""
    word, _, rest = line.partition(" ")
    if word not in _PARSERS:
        raise WrongAnswer(f"'{_cut(word)}' begins no line of an answer{nearest(word[:40], _PARSERS)}")
    return _PARSERS[word](rest)


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"


def _hex(text: str, what: str, *, least: int = 1) -> bytes:
    try:
        if text != text.strip() or " " in text:
            raise ValueError
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
        least = max(least, 1)
    if len(data) < least:
        raise WrongAnswer(f"'{_cut(text)}' is no {what}: whole bytes in hex, without blanks")
    return data


def _number(text: str, what: str, most: int = MAX_NUMBER) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= most:
        return int(text)
    raise WrongAnswer(f"'{_cut(text)}' is no {what}: a number from 0 to {most}")


def _text(text: str, what: str) -> str:
    if text.isprintable():
        return text
    raise WrongAnswer(f"{_cut(text)!r} is no {what}: it holds characters that cannot be printed")


def _contact(text: str) -> Drive:
    if text not in ("open", "closed"):
        raise WrongAnswer(f"'{_cut(text)}' is no position of the contact{nearest(text[:40], ('open', 'closed'))}")
    return Drive(text == "closed")


def _until(text: str) -> Until:
    return Until(None if text == "never" else _number(text, "instant in µs, or 'never'"))


def _ask(text: str) -> Ask:
    number, question, *more = [*text.split(" "), ""] if " " not in text else text.split(" ")
    if question not in QUESTIONS:
        raise WrongAnswer(f"'{_cut(question)}' is no question to the ledger{nearest(question[:40], QUESTIONS)}")
    wanted = {"ready": 0, "coin": 2}.get(question, 1)
    if len(more) != wanted:
        raise WrongAnswer(f"'ask ID {question}' takes {wanted} more words, and has {len(more)}")
    identity = _number(number, "number of a question")
    if question == "ready":
        return Ask(identity, question)
    if question == "coin":
        txid = _hex(more[0], "transaction id")
        if len(txid) != 32:
            raise WrongAnswer(f"'{_cut(more[0])}' is no transaction id: 32 bytes in hex")
        return Ask(identity, question, txid=txid.hex(), index=_number(more[1], "number of an output", 2**32 - 1))
    return Ask(identity, question, transaction=_hex(more[0], "transaction"))


_PARSERS: Final[Mapping[str, Callable[[str], Line]]] = {
    "link": lambda rest: SendLink(_hex(rest, "bytes of the link")),
    "console": lambda rest: Print(_text(rest, "text of a console")),
    "identity": lambda rest: Identify(_text(rest, "name of a program")),
    "contact": _contact,
    "ask": _ask,
    "until": _until,
}
"""By the first word of the line."""
