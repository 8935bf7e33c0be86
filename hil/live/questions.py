"""A question that a step asks the person at the bench, and the answer that the live page takes.

The question stands in what the bench tells of itself. The page's server puts the answer beside it, where the run looks
for it; the first answer counts.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from hil.live.folder import FOLDER, read_object

ANSWERS: Final = ("yes", "no", "unsure")

LONGEST_REMARK: Final = 500
LONGEST_NAME: Final = 80
"""Characters."""


@dataclass(frozen=True)
class Question:
    """What a person at the bench is asked.

    :param asked: the instant, in seconds of the bench's time.
    :param until: the instant at which it is too late for an answer.
    """

    id: str
    text: str
    asked: float
    until: float

    @classmethod
    def new(cls, text: str, asked: float, until: float) -> Question:
        """Return a question with an id of its own."""
        return cls(secrets.token_hex(8), text, asked, until)

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Answer:
    """What the person said.

    :param answer: one of ``ANSWERS``.
    :param who: the name that was typed, or the user of the terminal.
    :param where: ``page`` or ``terminal``.
    """

    answer: str
    remark: str
    who: str
    where: str


def answer_in(document: Any, where: str) -> Answer | str:
    """Return the answer that a JSON object holds, else what is wrong with it."""
    if not isinstance(document, dict):
        return "an answer is an object"
    answer, remark, who = (document.get(key, "") for key in ("answer", "remark", "who"))
    if answer not in ANSWERS:
        return f"answer: one of {', '.join(ANSWERS)}"
    if not isinstance(remark, str) or len(remark) > LONGEST_REMARK:
        return f"remark: at most {LONGEST_REMARK} characters"
    if not isinstance(who, str) or not 0 < len(who.strip()) <= LONGEST_NAME:
        return f"who: a name of at most {LONGEST_NAME} characters"
    try:
        f"{remark}{who}".encode()
    except UnicodeEncodeError:
        return "remark, who: text"
    return Answer(answer, " ".join(remark.split()), " ".join(who.split()), where)


def post_answer(folder: Path, question: str, answer: Answer) -> bool:
    """Put the answer where the run looks for it; tell whether it is the first. Raises OSError if it cannot be put."""
    path = _place(folder, question)
    temporary = path.with_suffix(f".{secrets.token_hex(4)}.tmp")
    temporary.write_bytes(orjson.dumps(asdict(answer)))
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return True


def posted_answer(folder: Path, question: str) -> Answer | None:
    """Return the answer that the page took; None if there is none."""
    found = answer_in(read_object(_place(folder, question)), "page")
    return found if isinstance(found, Answer) else None


def _place(folder: Path, question: str) -> Path:
    return folder / FOLDER / f"answer-{question}.json"


class AnswerPlace(Protocol):
    """Where the person at the bench may answer: the terminal of the run, the live page."""

    def ask(self, question: Question) -> None:
        """Put the question there."""

    def answer(self) -> Answer | None:
        """Return the answer, as soon as there is one."""

    def close(self) -> None:
        """The question is asked no more; does nothing if none was."""
