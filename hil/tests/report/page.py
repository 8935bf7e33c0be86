"""A report as a browser reads it: a tree of elements, and what every report must keep to."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "line", "rect", "path", "br", "input"}

DATA = {"application/json", "application/deflate"}
"""Types of script elements that a browser does not run."""


@dataclass
class Node:
    tag: str
    attributes: dict[str, str | None]
    children: list[Node] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    def all(self, tag: str, **wanted: str) -> list[Node]:
        """Every element below with this tag and, e.g., ``id`` or a word of ``class_``."""
        found = []
        for child in self.children:
            classes = (child.attributes.get("class") or "").split()
            if child.tag == tag and all(
                value in classes if key == "class_" else child.attributes.get(key) == value
                for key, value in wanted.items()
            ):
                found.append(child)
            found += child.all(tag, **wanted)
        return found

    def one(self, tag: str, **wanted: str) -> Node:
        (found,) = self.all(tag, **wanted)
        return found

    @property
    def text(self) -> str:
        return " ".join("".join(self.pieces).split())

    @property
    def raw(self) -> str:
        return "".join(self.pieces)


class Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("root", {})
        self._open = [self.root]
        self.feed(page)
        self.close()
        assert [node.tag for node in self._open] == ["root"], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for node in self._open:
            node.pieces.append(data)


def read(page: str) -> Node:
    return Reader(page).root


def facts(node: Node) -> Mapping[str, str]:
    return {
        row.one("dt").text: row.one("dd").text for facts in node.all("dl", class_="facts") for row in facts.all("div")
    }


def rows(table: Node) -> list[list[str]]:
    return [[cell.text for cell in row.all("td")] for row in table.one("tbody").all("tr")]


def detail(page: Node, number: int) -> Any:
    """What the page's script draws of a scenario."""
    return json.loads(zlib.decompress(base64.b64decode(page.one("script", id=f"data-{number}").raw)))


def assert_nothing_foreign_can_run(page: Node, scripts: int = 4) -> None:
    running = [node for node in page.all("script") if node.attributes.get("type") not in DATA]
    assert len(running) == scripts
    policy = page.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"] or ""
    for node in [*running, page.one("style")]:
        digest = base64.b64encode(hashlib.sha256(node.raw.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy

    def every(node: Node) -> list[Node]:
        return [node, *(below for child in node.children for below in every(child))]

    for node in every(page):
        assert not any(name.startswith("on") or name in {"src", "style"} for name in node.attributes), node.tag
        assert (node.attributes.get("href") or "#").startswith("#")
