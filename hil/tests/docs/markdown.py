"""What the makers of generated regions share: tables, docstrings as Markdown, the lines under class members."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Sequence
from types import ModuleType

from hil.protocol.spec import tables

_ROLE = re.compile(r":[a-z]+:`~?([^`]+)`")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a pipe in a cell does not end it."""
    lines = [f"| {' | '.join(cells)} |" for cells in (heads, *([_cell(each) for each in row] for row in rows))]
    return "\n".join([lines[0], "|---" * len(heads) + "|", *lines[1:]])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def text_of(docstring: str | None) -> str:
    """Return a docstring, or a part of one, as one line of Markdown."""
    words = " ".join((docstring or "").split())
    return _ROLE.sub(r"`\1`", words).replace("``", "`")


def meanings(kind: type) -> dict[str, str]:
    """Return the string that stands under each member in the source of ``kind``, as Markdown."""
    return {name: text_of(text) for name, text in tables.member_meanings(kind).items()}


def meanings_of_names(module: ModuleType) -> dict[str, str]:
    """Return the string that stands under each name which ``module`` binds, as it stands there."""
    found: dict[str, str] = {}
    name = ""
    for node in ast.parse(inspect.getsource(module)).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                continue
            case ast.Expr(value=ast.Constant(value=str(text))) if name:
                found[name] = text
        name = ""
    return found


def declarations(kind: type) -> dict[str, str]:
    """Return what each annotated member of ``kind`` is declared as, in the words of its source."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    if not isinstance(body, ast.ClassDef):
        raise TypeError(f"{kind} is not a class")
    return {
        node.target.id: ast.unparse(node.annotation)
        for node in body.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
