"""What of the framework is public, name by name with its signature: ``docs/reference/public-interface.txt``.

``python -m hil.tests.docs.interface`` writes the file anew, for a change that is meant; CHANGELOG says it.
"""

from __future__ import annotations

import ast
import enum
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import hil.plugin_tests
import hil.testing
from hil.testing import feasibility, measurements, stimuli

FILE = Path(__file__).parents[3] / "docs/reference/public-interface.txt"

PUBLIC = (hil.testing, feasibility, measurements, stimuli, hil.plugin_tests)


def interface() -> str:
    """Return all public names, one a line, sorted."""
    lines = {line for module in PUBLIC for name in module.__all__ for line in _lines(module, name)}
    return "\n".join(sorted(lines)) + "\n"


def _lines(module: ModuleType, name: str) -> Iterator[str]:
    value = getattr(module, name)
    path = f"{module.__name__}.{name}"
    if isinstance(value, ModuleType):
        for own in _defined_in(value):
            yield from _of(f"{path}.{own}", getattr(value, own))
    else:
        yield from _of(path, value)


def _of(path: str, value: object) -> Iterator[str]:
    if inspect.isclass(value):
        yield f"{path}{'' if issubclass(value, enum.Enum) else _signature(value)}"
        yield from _members(path, value)
    elif callable(value) and not hasattr(value, "__supertype__"):
        yield f"{path}{_signature(value)}"
    else:
        yield path


def _members(path: str, value: type) -> Iterator[str]:
    for each in value.__mro__:
        if not each.__module__.startswith("hil."):
            continue
        for name in {*vars(each), *inspect.get_annotations(each), *_set_in_init(each)}:
            if not name.startswith("_"):
                member = inspect.getattr_static(value, name, None)
                function = getattr(member, "__func__", member)
                yield f"{path}.{name}{_signature(function) if inspect.isfunction(function) else ''}"


def _set_in_init(value: type) -> set[str]:
    """Return the attributes that ``__init__`` sets."""
    if "__init__" not in vars(value) or not hasattr(vars(value)["__init__"], "__code__"):
        return set()
    try:
        tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(vars(value)["__init__"])))
    except OSError:  # made by dataclass
        return set()
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store))
    return {node.attr for node in found if isinstance(node.value, ast.Name) and node.value.id == "self"}


def _defined_in(module: ModuleType) -> list[str]:
    """Return the public functions and classes that a module defines, and its constants."""
    defined = [name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
    constants = [name for name in inspect.get_annotations(module) if name.isupper()]
    constants += re.findall(r"^([A-Z][A-Z_]+)(?:, [A-Z_]+)* = ", inspect.getsource(module), re.MULTILINE)
    return sorted({name for name in [*defined, *constants] if not name.startswith("_")})


def _signature(value: object) -> str:
    try:
        return re.sub(r"'|ForwardRef\((.*?)\)", r"\1", str(inspect.signature(value)))  # type: ignore[arg-type]  # raises for all else
    except (TypeError, ValueError):
        return ""


if __name__ == "__main__":
    FILE.write_text(interface(), encoding="utf-8")
