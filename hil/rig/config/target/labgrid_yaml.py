"""What labgrid cannot read of a rig file that is sound YAML: merge keys, unknown tags, broken templates, lost modules.

labgrid reads the file with a loader of its own, and tells such a mistake without its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from string import Template
from typing import TYPE_CHECKING

from ruamel.yaml.comments import CommentedMap, TaggedScalar

from hil.errors import nearest

if TYPE_CHECKING:
    from hil.yaml_file import Keys

TEMPLATE = "!template"
"""labgrid's own tag: ``$NAME`` stands for a variable of the environment."""


def unreadable_nodes(node: object, keys: Keys = ()) -> Iterator[tuple[Keys, str]]:
    """Yield what labgrid cannot read in a document, each with the keys that lead to its place."""
    if isinstance(node, TaggedScalar):
        tag = str(node.tag.value)
        if tag != TEMPLATE:
            yield keys, f"'{tag}' is no tag of labgrid{nearest(tag, (TEMPLATE,))}"
        elif not Template(str(node.value)).is_valid():
            yield keys, f"'{node.value}' is a broken template; a variable is written $NAME or ${{NAME}}, a dollar $$"
    elif isinstance(node, Mapping):
        if isinstance(node, CommentedMap) and node.merge:
            yield keys, "labgrid reads no merge key '<<'; write what it would bring, or an alias for a whole value"
        for key, value in node.items():
            yield from unreadable_nodes(value, (*keys, str(key)))
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for number, value in enumerate(node):
            yield from unreadable_nodes(value, (*keys, number))


def wrong_imports(imports: object, folder: Path) -> Iterator[tuple[Keys, str]]:
    """Yield each module that a rig file imports and there is not; nothing is imported but the packages around it.

    :param folder: of the rig file, from which paths of files count.
    """
    for number, name in enumerate(imports if isinstance(imports, Sequence) and not isinstance(imports, str) else ()):
        if str(name).endswith(".py"):
            missing = not (folder / str(name)).is_file()
            what = f"imports: there is no file '{name}' beside the rig file"
        else:
            what = f"imports: there is no module '{name}'{_alike(str(name))}"
            missing = not _is_there(str(name))
        if missing:
            yield ("imports", number), what


def _is_there(name: str) -> bool:
    """Tell whether a module is there; one of a package that is not found here is left to labgrid."""
    try:
        return find_spec(name.partition(".")[0]) is None or find_spec(name) is not None
    except (ImportError, ValueError):
        return False
    except Exception:
        return True


def _alike(name: str) -> str:
    """Return what the package has in the place of a module, with the nearest; empty if there is no such package."""
    package, _, last = name.rpartition(".")
    try:
        spec = find_spec(package) if package else None
    except (ImportError, ValueError):
        return ""
    folders = spec.submodule_search_locations if spec is not None else None
    return nearest(last, [each.name for each in iter_modules(folders)]) if folders else ""
