"""Where a laboratory keeps its features, steps, rig files and the rest: the table ``[tool.hil]`` of its pyproject.toml.

The table is found upwards from a folder, and its paths are relative to the file in which it stands. Every entry may be
left out. A folder with ``rigs/`` and ``features/`` is a laboratory without the table, too::

    [tool.hil]
    steps = ["hil.steps", "steps"]
    rig = "rigs/bench-1.yaml"

Plug-ins have a table of their own below it (:mod:`hil.rig.config.plugin_table`).
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.errors import ConfigurationError, nearest
from hil.plugins.laboratory import Declared, declare
from hil.rig.config.plugin_table import declared_plugins, flaws_of_plugins

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE = "pyproject.toml"
TABLE = "tool.hil"
REMEDY = f"Mend [{TABLE}]; a laboratory that hil init makes shows how it is written, hil config what counts there."

_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True)
class Project:
    """A laboratory's folder and what counts there; each path is absolute.

    :ivar root: holds the pyproject.toml with the table, or ``rigs/`` and ``features/``.
    """

    root: Path
    features: Path
    """Folder of the feature files."""
    tests: Path
    """Folder of the laboratory's own pytest tests, which may use the bench; it may be missing."""
    steps: tuple[str, ...]
    """Modules and packages with step definitions; ``hil.steps`` are the framework's."""
    rigs: Path
    """Folder of the rig files."""
    rig: Path
    """The rig file of a run that names none."""
    requirements: Path
    """The file with the requirements; it may be missing."""
    profiles: Path
    """Folder of the laboratory's own load profiles, looked through before the framework's; it may be missing."""
    node: str | None
    """The provider of bitcoind if neither option nor ``NODE`` names one; None: ``auto``."""
    history: str | None = None
    """The database that each run is added to: a path of SQLite, or a URL; None: runs are not added by themselves."""
    plugins: tuple[Declared, ...] = ()
    """What ``[tool.hil.plugins]`` adds (:mod:`hil.rig.config.plugin_table`)."""
    places: Mapping[str, str] = field(default_factory=dict, compare=False)
    """For each entry that the table sets, ``file:line:column``; the others are defaults."""

    @classmethod
    def of(
        cls, root: Path, table: Mapping[str, Any], places: Mapping[str, str], plugins: tuple[Declared, ...] = ()
    ) -> Project:
        """Return the project in ``root`` whose table has no mistake."""
        values = {**DEFAULTS, **table}
        paths = {name: root / values[name] for name in PATHS}
        steps = tuple(values["steps"])
        own = {name: values[name] for name in ("node", "history")}
        return cls(root=root, steps=steps, plugins=plugins, places=places, **own, **paths)

    @classmethod
    def with_defaults(cls, root: Path) -> Project:
        """Return a project of which nothing is known but its folder."""
        return cls.of(root, {}, {})

    @property
    def own_steps(self) -> Path | None:
        """The folder below the root of the last package in ``steps`` that has one there: new steps go there."""
        folders = (self.root / name.replace(".", "/") for name in reversed(self.steps))
        return next((folder for folder in folders if folder.is_dir()), None)

    def make_importable(self) -> None:
        """Let modules that lie in the root be imported by name, as in a pytest with ``pythonpath = .``.

        The plug-ins of its table are found from then on, here and in the programs that are started.
        """
        if str(self.root) not in sys.path:
            sys.path.insert(0, str(self.root))
        declare(self.plugins)

    def provider(self, option: str | None) -> str | None:
        """Return the provider of bitcoind that is wished for: by an option, by ``NODE`` or by the table; None: auto."""
        return option or os.environ.get("NODE") or self.node

    def entries(self) -> Iterator[tuple[str, str, str]]:
        """Yield each entry: name, value (paths relative to the root), and whence it comes."""
        for name in DEFAULTS:
            value = getattr(self, name)
            if isinstance(value, Path):
                value = os.path.relpath(value, self.root)
            text = ", ".join(value) if isinstance(value, tuple) else value or _UNSET[name]
            yield name, text, self.places.get(name, "default")
        for each in self.plugins:
            yield f"plugins.{each.group}", f"{each.name} = {each.reference}", f"{self.root}/{each.place}"


DEFAULTS: Mapping[str, Any] = {
    "features": "features",
    "tests": "tests",
    "steps": ("hil.steps",),
    "rigs": "rigs",
    "rig": "rigs/virtual.yaml",
    "requirements": "features/requirements.yaml",
    "profiles": "profiles",
    "node": None,
    "history": None,
}
"""What counts where the table says nothing."""

_UNSET = {"node": "auto", "history": "off"}

PATHS = ("features", "tests", "rigs", "rig", "requirements", "profiles")
"""The entries that are paths."""


def find_project(start: Path) -> Project:
    """Return the laboratory at or above ``start``; raises ConfigurationError if there is none, or for its table."""
    project = look_for_project(start)
    if project is None:
        raise ConfigurationError(
            f"no laboratory here: no folder at or above has a {FILE} with [{TABLE}], or rigs/ and features/",
            place=str(start),
            remedy="Change into one, or make one with hil init.",
        )
    return project


def look_for_project(start: Path) -> Project | None:
    """Return the laboratory at or above ``start``, the nearest if there are several; None if there is none.

    Raises ConfigurationError that lists every mistake in its table, each with its place.
    """
    for folder in (start, *start.parents):
        file = folder / FILE
        if file.is_file() and (project := _from_file(file, file.stat().st_mtime_ns)) is not None:
            return project
        if (folder / "rigs").is_dir() and (folder / "features").is_dir():
            return Project.with_defaults(folder)
    return None


@lru_cache(maxsize=8)
def _from_file(path: Path, modified: int) -> Project | None:
    """Return what the table in this file says; None if it has none. Each load profile that a step names asks anew.

    :param modified: when the file was changed: what was read before does not count for it.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if "hil" not in text:
            return None
        document = tomllib.loads(text)
    except OSError as error:
        raise ConfigurationError(f"cannot be read ({error.strerror})", place=str(path)) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"cannot be read (no UTF-8: {error.reason})", place=str(path)) from None
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).partition(" (at line ")
        line, _, column = where.removesuffix(")").partition(", column ")
        place = f"{path}:{line}:{column}" if column else str(path)
        raise ConfigurationError(f"this is no TOML: {what}", place=place) from None
    tools = document.get("tool")
    if not isinstance(tools, dict) or "hil" not in tools:
        return None
    table = tools["hil"]
    if not isinstance(table, dict):
        raise ConfigurationError(f"[{TABLE}] is a table (read: {table!r})", place=f"{path}:{_place(text, '')}")
    plugins, table = table.get("plugins", {}), {name: value for name, value in table.items() if name != "plugins"}
    places = {name: f"{path}:{_place(text, name)}" for name in table}
    wrong = [f"{places[name]}: {what}" for name, value in table.items() if (what := _flaw(name, value))]
    wrong += [f"{path}:{place}: {what}" for place, what in flaws_of_plugins(plugins, text)]
    if wrong:
        raise ConfigurationError("\n".join(wrong), remedy=REMEDY)
    return Project.of(path.parent, table, places, declared_plugins(plugins, path, text))


def _flaw(name: str, value: object) -> str:
    """Return what is wrong with an entry: what was read, and what is allowed; empty if nothing is."""
    if name not in DEFAULTS:
        return f"'{name}' is not known{nearest(name, [*DEFAULTS, 'plugins'])}"
    if name == "steps":
        names = value if isinstance(value, list) and value else [None]
        if not all(isinstance(each, str) and _MODULE.fullmatch(each) for each in names):
            return f"steps: a list of modules, as in ['hil.steps', 'steps'] (read: {value!r})"
    elif not isinstance(value, str) or not value.strip() or "\0" in value:
        return f"{name}: a text (read: {value!r})"
    elif name == "node":
        from hil.chain.node.providers import PREFERENCES  # loads the nodes: only where the entry is used

        if value not in PREFERENCES:
            return f"node: '{value}' is no provider of a node{nearest(value, PREFERENCES)}"
    return ""


def _place(text: str, name: str) -> str:
    """Return ``line:column`` of an entry of the table, else of its header; tomllib keeps no places."""
    header, inside, found = "1:1", False, ""
    key = re.compile(rf"""\s*(?P<key>["']?{re.escape(name)}["']?)\s*=""")
    dotted = re.compile(rf"""\s*(?P<key>{re.escape(TABLE)}\.["']?{re.escape(name)}["']?)\s*=""")
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("["):
            inside = line.replace(" ", "").startswith(f"[{TABLE}]")
            if inside:
                header = f"{number}:{line.index('[') + 1}"
        elif name and (match := (key if inside else dotted).match(line)):
            found = found or f"{number}:{match.start('key') + 1}"
    return found or header
