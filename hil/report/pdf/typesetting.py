"""Typst, called with plain data: text of the evidence never becomes markup (extra ``pdf``).

PDF/A asks that each character has a glyph. A character that the embedded fonts do not have is printed as its code
point, and a small document of all such characters finds them before the large one is typeset.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import as_file, files
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from hil.errors import ConfigurationError, FrameworkError
from hil.report.text_format import printed

STANDARDS: list[Literal["a-3a", "ua-1"]] = ["a-3a", "ua-1"]
"""PDF/A-3 level A (ISO 19005-3) with the evidence attached, and PDF/UA-1 (ISO 14289-1)."""

_NO_GLYPH = re.compile(r'the text `"(.+?)"` could not be displayed|contains the codepoint `"(.+?)"`')
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")

_PROBE = """
#set document(title: "probe")
#set text(font: ("Libertinus Serif", "DejaVu Sans Mono"), lang: "en")
#for character in json(bytes(sys.inputs.content)) [#character#parbreak()]
"""


@dataclass(frozen=True)
class Attached:
    """A file that is attached to the PDF.

    :param name: as the reader sees it.
    :param type: its media type.
    """

    name: str
    content: bytes
    type: str
    description: str


def typeset(
    template: str,
    content: Mapping[str, Any],
    attached: Sequence[Attached],
    written: datetime,
    pictures: Mapping[str, str] | None = None,
) -> bytes:
    """Return the PDF that the template in ``assets/pdf`` makes of ``content``.

    :param written: the date of the document.
    :param pictures: SVG documents, by the name under which the template reads them.

    Raises ConfigurationError if Typst is not installed, FrameworkError if the template cannot be typeset.
    """
    typst = _typst()
    plain, drawn = _printable(typst, content, pictures or {})
    with (
        tempfile.TemporaryDirectory(prefix="hil-pdf-") as folder,
        as_file(files("hil.report") / "assets/pdf") as assets,
    ):
        root = Path(folder)
        for source in assets.iterdir():
            (root / source.name).write_bytes(source.read_bytes())
        for name, picture in drawn.items():
            (root / name).write_text(picture, encoding="utf-8")
        for number, file in enumerate(attached):
            (root / f"attached-{number}").write_bytes(file.content)
        rows = [
            {"path": f"attached-{number}", "name": file.name, "type": file.type, "description": file.description}
            for number, file in enumerate(attached)
        ]
        text = json.dumps({**plain, "attachments": rows})
        (root / "content.json").write_text(text, encoding="utf-8")
        try:
            return bytes(
                typst.compile(
                    str(root / template),
                    root=str(root),
                    format="pdf",
                    pdf_standards=STANDARDS,
                    ignore_system_fonts=True,
                    timestamp=written.replace(microsecond=0),
                )
            )
        except typst.TypstError as error:
            raise FrameworkError(
                f"the PDF cannot be typeset: {error.message}",
                place=template,
                remedy="Send us the run folder and this message.",
            ) from error


def _typst() -> ModuleType:
    try:
        import typst
    except ImportError:
        raise ConfigurationError(
            "a PDF needs Typst, which is not installed", remedy="pip install 'micropay-hil[pdf]'"
        ) from None
    return typst


def _printable(
    typst: ModuleType, content: Mapping[str, Any], pictures: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return content and pictures; long texts are shortened, and a character that no font has is ``⟨U+XXXX⟩``."""
    shown: dict[str, Any] = _mapped(content, printed)
    texts = chain(_texts(shown), pictures.values())
    rare = sorted({character for text in texts if not text.isascii() for character in text if not character.isascii()})
    lacking = _without_glyph(typst, rare)
    table = {ord(character): f"⟨U+{ord(character):04X}⟩" for character in lacking}
    if not table:
        return shown, dict(pictures)
    plain: dict[str, Any] = _mapped(shown, lambda text: text.translate(table))
    return plain, {name: picture.translate(table) for name, picture in pictures.items()}


def _without_glyph(typst: ModuleType, characters: Sequence[str]) -> set[str]:
    """Return those of the characters that the fonts cannot print, by typesetting them."""
    lacking: set[str] = set()
    while True:
        left = [character for character in characters if character not in lacking]
        try:
            typst.compile(
                _PROBE.encode(),
                format="pdf",
                pdf_standards=STANDARDS,
                ignore_system_fonts=True,
                timestamp=0,
                sys_inputs={"content": json.dumps(left)},
            )
        except typst.TypstError as error:
            found = {_unescaped(match[1] or match[2]) for match in _NO_GLYPH.finditer(error.diagnostic)}
            new = {character for text in found for character in text} - lacking
            if not new & set(left):
                raise FrameworkError(f"the fonts of the PDF cannot be tried: {error.message}") from error
            lacking |= new
        else:
            return lacking


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _mapped(value: Any, change: Any) -> Any:
    """Return ``value`` with each text changed; keys are the template's own and stay as they are."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _mapped(each, change) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_mapped(each, change) for each in value]
    return value
