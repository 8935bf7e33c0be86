"""The catalogue of defects as data: what is wrong, where, which requirement it breaks, and what must be said of it.

One file for each target, in ``fixtures/data/defects``. A defect is a passage of the target's source and what stands
there instead; it never reaches a file of the product.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from hil import yaml_file
from hil.errors import ConfigurationError
from hil.yaml_file import Flaw, Strict

FOLDER = Path("fixtures/data/defects")
"""Where the catalogues are, seen from the root of the project."""

Kind = Literal[
    "energy",
    "fee",
    "ledger",
    "message",
    "metering",
    "money",
    "order",
    "power",
    "privacy",
    "resource",
    "restart",
    "signature",
    "timing",
]


class Defect(Strict):
    """One thing that is wrong with a device."""

    id: str = Field(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")
    wrong: str = Field(min_length=10)
    """What the device does wrong, in one sentence without its subject."""
    requirement: str = Field(pattern="^REQ-[A-Z]+-[0-9]+$")
    kind: Kind
    file: str
    """Source file of the target."""
    old: str = Field(min_length=1)
    """A passage that the file has exactly ``times`` times."""
    times: int = Field(default=1, ge=1)
    new: str
    """What stands there instead."""
    killers: list[str] = Field(default=[])
    """Scenarios that are likely to find it, as pytest names them; the most likely first."""
    cause: list[str] = Field(min_length=1)
    """Words of which one must be in the message, so that a maker knows what is wrong."""
    argued: str = ""
    """Why it is in the catalogue although no scenario can find it; empty for one that must be found."""


class Target(Strict):
    """A device, and everything that may be wrong with it.

    :ivar role: of the device; ``both``: the code is that of both sides, and the counterpart has the defect too.
    """

    target: str
    role: Literal["socket", "cable", "both"]
    language: Literal["python", "c", "javascript"]
    defects: list[Defect] = Field(min_length=1)


@dataclass(frozen=True)
class Catalogue:
    """All defects of all targets."""

    targets: Mapping[Path, Target]

    def __iter__(self) -> Iterator[tuple[Target, Defect]]:
        """Yield each defect with its target, in the order of the files."""
        for target in self.targets.values():
            for defect in target.defects:
                yield target, defect


def load(root: Path, folder: Path = FOLDER) -> Catalogue:
    """Read all catalogues; raises ConfigurationError that tells all that is wrong with them, each with its place.

    :param root: of the project; source files are named from there.
    """
    targets: dict[Path, Target] = {}
    flaws: list[str] = []
    for path in sorted((root / folder).glob("*.yaml")):
        try:
            target = yaml_file.read(Target, path)
        except ConfigurationError as error:
            flaws.append(str(error))
            continue
        targets[path] = target
        flaws += [str(flaw) for flaw in _flaws(path, target, root)]
    flaws += [f"{identity}: {count} defects have this id" for identity, count in _ids(targets).items() if count > 1]
    if flaws:
        raise ConfigurationError("\n".join(flaws), remedy="Mend the catalogue of defects.")
    return Catalogue(targets)


def _ids(targets: Mapping[Path, Target]) -> Counter[str]:
    return Counter(defect.id for target in targets.values() for defect in target.defects)


def _flaws(path: Path, target: Target, root: Path) -> Iterator[Flaw]:
    document = yaml_file.load(path)
    for number, defect in enumerate(target.defects):
        source = root / defect.file
        if not source.is_file():
            yield Flaw.at(path, document, ("defects", number, "file"), f"{defect.id}: no file '{defect.file}'")
            continue
        times = source.read_text(encoding="utf-8").count(defect.old)
        if times != defect.times:
            what = f"{defect.id}: the passage stands {times} times in {defect.file}, not {defect.times} times"
            yield Flaw.at(path, document, ("defects", number, "old"), what)
        elif defect.old == defect.new:
            yield Flaw.at(path, document, ("defects", number, "new"), f"{defect.id}: it changes nothing")


def patched(defect: Defect, root: Path) -> str:
    """Return the source file with the defect in it."""
    return (root / defect.file).read_text(encoding="utf-8").replace(defect.old, defect.new)
