"""The requirements that scenarios are tagged with (``@REQ-BOOT-1``), and which of them no scenario covers.

They stand in ``features/requirements.yaml``, each with its id, its text and its source. A tag that begins with
``REQ-`` names one; a feature, rule, scenario or block of Examples may bear it, and what it contains inherits it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hil.bdd.language import naming
from hil.bdd.language.document import shown
from hil.errors import AuthorError, ConfigurationError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hil.bdd.language.document import Document

PREFIX = "REQ-"
FILE = Path("features/requirements.yaml")
"""Where a project keeps them, from its root."""

FIELDS = ("id", "text", "source")
_ID = re.compile(rf"{PREFIX}[A-Z]+-[1-9][0-9]*")
_REMEDY = f"Each entry has {', '.join(FIELDS)}."


@dataclass(frozen=True)
class Requirement:
    """Something that the system must do."""

    id: str
    text: str
    source: str
    """Slide or section of the specification that it comes from."""
    place: str
    """``file:line:column``."""

    def as_dict(self) -> dict[str, str]:
        """Return what the evidence of a run says of it."""
        return {name: getattr(self, name) for name in FIELDS}


def load(path: Path) -> dict[str, Requirement]:
    """Return the requirements in ``path`` by id; an absent file has none.

    Raises ConfigurationError that lists everything that is wrong, each with its place.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the requirements cannot be read ({error})", place=str(path)) from None
    from hil import yaml_file  # a plain run of Python tests has no requirements, and need not load the reader

    file = shown(path)
    document = yaml_file.parse(text, file)
    listed = yaml_file.plain(document)

    def place(*keys: str | int) -> str:
        return f"{file}:{yaml_file.place(document, keys)}"

    if not isinstance(listed, list):
        raise ConfigurationError("requirements are a list", place=place(), remedy=_REMEDY)
    wrong = [f"{place(*keys)}: {what}" for number, entry in enumerate(listed) for keys, what in _flaws(number, entry)]
    if wrong:
        raise ConfigurationError("\n".join(wrong), remedy=_REMEDY)
    found: dict[str, Requirement] = {}
    for number, entry in enumerate(listed):
        requirement = Requirement(**entry, place=place(number, "id"))
        other = found.setdefault(requirement.id, requirement)
        if other is not requirement:
            raise ConfigurationError(f"'{requirement.id}' stands at {other.place} already", place=requirement.place)
    return found


def _flaws(number: int, entry: object) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield what is wrong with an entry of the list, and the keys that lead to its place."""
    if not isinstance(entry, Mapping):
        yield (number,), f"a requirement has {', '.join(FIELDS)} (read: {entry!r})"
        return
    for name in FIELDS:
        value = entry.get(name)
        if not isinstance(value, str) or not value:
            yield (
                (number, name),
                f"'{name}' is missing" if name not in entry else f"'{name}' is no text (read: {value!r})",
            )
        elif name == "id" and not _ID.fullmatch(value):
            yield (number, name), f"'{value}' is no id; write it like {PREFIX}PAY-1"
    for name in entry:
        if name not in FIELDS:
            yield (number, name), f"'{name}' is not known{nearest(name, FIELDS)}"


def known(ids: Iterable[str], requirements: Mapping[str, Requirement]) -> set[str]:
    """Return ``ids`` as a set, each with or without ``@``; raises AuthorError for one that is no requirement."""
    wanted = {each.removeprefix("@") for each in ids}
    for each in sorted(wanted):
        if each not in requirements:
            raise AuthorError(f"'{each}' is not a requirement{nearest(each, requirements)}", place=str(FILE))
    return wanted


@dataclass(frozen=True)
class Coverage:
    """Which scenarios show which requirement.

    :ivar scenarios: for each requirement the node ids of the scenarios (outline rows apart) that bear its tag.
    :ivar untagged: scenarios that name no requirement.
    """

    requirements: Mapping[str, Requirement]
    scenarios: Mapping[str, list[str]]
    untagged: list[tuple[Document, naming.Case]]

    @property
    def uncovered(self) -> list[Requirement]:
        """The requirements that no scenario names."""
        return [each for each in self.requirements.values() if not self.scenarios[each.id]]


def coverage(features: Iterable[Document], requirements: Mapping[str, Requirement]) -> Coverage:
    """Look through the features, which have no mistakes."""
    scenarios: dict[str, list[str]] = {each: [] for each in requirements}
    untagged: list[tuple[Document, naming.Case]] = []
    for feature in features:
        for case in naming.cases(feature):
            node = f"{feature.file}::{case.label}"
            named = [tag for tag in case.tags if tag in requirements]
            for each in named:
                scenarios[each].append(node)
            if not named:
                untagged.append((feature, case))
    return Coverage(requirements, scenarios, untagged)
