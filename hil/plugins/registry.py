"""Which plug-ins there are, whence each comes, and how one is loaded.

A name is looked for in the laboratory's ``[tool.hil.plugins]`` first, then among the framework's own parts, then in the
distributions that are installed. So a laboratory can replace a part of the framework on purpose, and a package that
somebody installs replaces none by accident. Nothing is imported before it is used: a plug-in that is broken disturbs
only what needs it.
"""

from __future__ import annotations

import importlib
import sys
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hil import __version__
from hil.errors import ConfigurationError, nearest
from hil.plugins.groups import GROUPS, Group
from hil.plugins.laboratory import declared

IMPORT_DEADLINE_S = 10.0
"""For the import of a plug-in that is not the framework's: a run waits for it before anything is switched, and the
watchdog before it is ready."""

_HANGING: set[str] = set()
"""Modules whose import did not end in time."""

OWN = f"micropay-hil {__version__}"
"""Whence the framework's own parts come."""


@dataclass(frozen=True)
class Plugin:
    """One plug-in.

    :param name: in its group, as a rig file names it.
    :param reference: ``module:class``.
    :param origin: whence it comes: distribution and version, or ``pyproject.toml:line:column`` of the laboratory.
    :param root: the laboratory's folder, in which its module lies; empty if it is installed.
    """

    group: Group
    name: str
    reference: str
    origin: str
    root: str = ""

    @property
    def is_own(self) -> bool:
        """Whether it is one of the framework's own."""
        return not self.root and self.origin == OWN

    def load(self) -> Any:
        """Return the class or function; ConfigurationError that tells what failed, where, and whose it is."""
        module, _, attribute = self.reference.partition(":")
        if self.root and self.root not in sys.path:
            sys.path.insert(0, self.root)
        try:
            found: Any = importlib.import_module(module) if self.is_own else _imported_in_time(module)
            for part in attribute.split(".") if attribute else ():
                found = getattr(found, part)
        except (Exception, SystemExit) as error:  # whatever its author's code does when it is imported
            raise self._refused(f"cannot be loaded: {what_failed(error)}") from error
        missing = [name for name in self.group.needs if not hasattr(found, name)]
        if not callable(found):
            raise self._refused(f"is no class or function (found: {found!r:.60})")
        if missing:
            raise self._refused(f"is not {self.group.holds}: it has no {', '.join(map(repr, missing))}")
        return found

    def _refused(self, what: str) -> ConfigurationError:
        mend = "Mend it, or take it out of [tool.hil.plugins]" if self.root else "Mend it, or uninstall what brings it"
        return ConfigurationError(
            f"the plug-in '{self.name}' of {self.group.name} ({self.reference}) {what}",
            place=self.origin,
            remedy=f"{mend}; hil plugins lists all.",
        )


def _imported_in_time(module: str) -> Any:
    """Return a module that others wrote; TimeoutError if its import does not end: nothing must wait for that for ever.

    One that did not end in time is not waited for again.
    """
    if module in sys.modules and module not in _HANGING:
        return importlib.import_module(module)
    failures: list[BaseException] = []

    def load() -> None:
        try:
            importlib.import_module(module)
        except BaseException as error:  # raised again below, where it is looked at
            failures.append(error)

    if module not in _HANGING:
        thread = threading.Thread(target=load, name=f"import of {module}", daemon=True)
        thread.start()
        thread.join(IMPORT_DEADLINE_S)
        if thread.is_alive():
            _HANGING.add(module)
    if module in _HANGING:
        raise TimeoutError(f"the import of {module} has not ended within {IMPORT_DEADLINE_S:g} s")
    if failures:
        raise failures[0]
    return sys.modules[module]


def what_failed(error: BaseException) -> str:
    """Return what went wrong in a module that was imported and in which line of the author's code."""
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg} ({error.filename}:{error.lineno})"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__ and "importlib" not in frame.filename
    ]
    where = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def ordered(group: Group, *, installed: bool = True) -> Iterator[Plugin]:
    """Yield the plug-ins of a group in the order in which names are looked for, those of equal names too.

    :param installed: look through the installed distributions as well, which takes 10 ms and more.
    """
    for entry in declared():
        if entry.group == group.key:
            yield Plugin(group, entry.name, entry.reference, entry.place, entry.root)
    for name, reference in group.shipped.items():
        yield Plugin(group, name, reference, OWN)
    if installed:
        for brought, name, reference, origin in _installed(tuple(sys.path)):
            if brought == group.name:
                yield Plugin(group, name, reference, origin)


@lru_cache(maxsize=4)
def _installed(path: tuple[str, ...]) -> list[tuple[str, str, str, str]]:
    """Return group, name, reference and distribution of what is installed on ``path``, in the order of the words."""
    from importlib.metadata import distributions  # takes as long to load as all of this package; most need none of it

    known = {group.name for group in GROUPS.values()}
    found: dict[str, list[tuple[str, str, str, str]]] = {}
    for distribution in distributions(path=list(path)):
        entries = [entry for entry in distribution.entry_points if entry.group in known]
        if entries:  # of a distribution that is there twice the first counts, as for Python itself
            origin = f"{distribution.name} {distribution.version}"
            found.setdefault(
                distribution.name, [(entry.group, entry.name, entry.value.strip(), origin) for entry in entries]
            )
    return sorted(row for rows in found.values() for row in rows)


def plugins(group: Group) -> Iterator[Plugin]:
    """Yield the plug-ins of a group that count: of several with one name the first."""
    seen: set[str] = set()
    for installed in (False, True):
        for plugin in ordered(group, installed=installed):
            if plugin.name.casefold() not in seen:
                seen.add(plugin.name.casefold())
                yield plugin


def names(group: Group) -> list[str]:
    """Return the names of a group's plug-ins; none is loaded."""
    return [plugin.name for plugin in plugins(group)]


def find(group: Group, name: str) -> Plugin:
    """Return the plug-in of that name in any case of letters; raises ConfigurationError as :func:`look_for` does, and
    with the nearest name if there is none.
    """
    plugin = look_for(group, name)
    if plugin is None:
        raise ConfigurationError(
            f"'{name}' is not {group.holds}{nearest(name, names(group))}", remedy="hil plugins lists all."
        )
    return plugin


def look_for(group: Group, name: str) -> Plugin | None:
    """Return the plug-in of that name in any case of letters, None if there is none.

    Two installed distributions that both bring the name are refused: which one is meant cannot be told.
    """
    wanted = name.casefold()
    for plugin in plugins(group):
        if plugin.name.casefold() != wanted:
            continue
        same = [each for each in ordered(group) if each.name.casefold() == wanted] if _is_installed(plugin) else []
        if len(same) > 1:
            raise ConfigurationError(
                f"'{name}' of {group.name} comes from {' and from '.join(each.origin for each in same)}",
                remedy="Uninstall one, or name the one that is meant in [tool.hil.plugins].",
            )
        return plugin
    return None


def _is_installed(plugin: Plugin) -> bool:
    return not plugin.root and not plugin.is_own
