"""The requirements that scenarios are tagged with (``@REQ-BOOT-1``), and which of them no scenario covers.

They stand in ``features/requirements.yaml``, each with its id, its text and its source. A tag that begins with
``REQ-`` names one; a feature, rule, scenario or block of Examples may bear it, and what it contains inherits it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hil import yaml_file
from hil.bdd import naming
from hil.bdd.document import shown
from hil.errors import AuthorError, ConfigurationError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hil.bdd.document import Document

PREFIX = "REQ-"
FILE = Path("features/requirements.yaml")
"""Where a project keeps them, from its root."""

_REMEDY = f"Each entry of {FILE} is: id ({PREFIX}THEME-1), text, source."


class Requirement(BaseModel):
    """Something that the system must do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=rf"^{PREFIX}[A-Z]+-[1-9][0-9]*$")]
    text: Annotated[str, Field(min_length=1)]
    source: Annotated[str, Field(min_length=1)]
    """Slide or section of the specification that it comes from."""
    place: Annotated[str, Field(exclude=True)] = ""
    """``file:line:column``."""


_LIST = TypeAdapter(list[Requirement])


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
    file = shown(path)
    document = yaml_file.parse(text, file)
    try:
        listed = _LIST.validate_python(yaml_file.plain(document))
    except ValidationError as error:
        wrong = []
        for flaw in error.errors():
            name = ".".join(str(part) for part in flaw["loc"][1:])
            what = f"{name + ': ' if name else ''}{flaw['msg']}"
            wrong.append(f"{file}:{yaml_file.place(document, flaw['loc'])}: {what}")
        raise ConfigurationError("\n".join(wrong), remedy=_REMEDY) from None
    found: dict[str, Requirement] = {}
    for number, requirement in enumerate(listed):
        place = f"{file}:{yaml_file.place(document, (number, 'id'))}"
        other = found.get(requirement.id)
        if other is not None:
            raise ConfigurationError(f"'{requirement.id}' stands at {other.place} already", place=place)
        found[requirement.id] = requirement.model_copy(update={"place": place})
    return found


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
    :ivar untagged: node ids of scenarios that name no requirement.
    """

    requirements: Mapping[str, Requirement]
    scenarios: Mapping[str, list[str]]
    untagged: list[str]

    @property
    def uncovered(self) -> list[Requirement]:
        return [each for each in self.requirements.values() if not self.scenarios[each.id]]


def coverage(features: Iterable[Document], requirements: Mapping[str, Requirement]) -> Coverage:
    """Look through the features, which have no mistakes."""
    scenarios: dict[str, list[str]] = {each: [] for each in requirements}
    untagged = []
    for feature in features:
        for case in naming.cases(feature):
            node = f"{feature.file}::{case.label}"
            named = [tag for tag in case.tags if tag in requirements]
            for each in named:
                scenarios[each].append(node)
            if not named:
                untagged.append(node)
    return Coverage(requirements, scenarios, untagged)
