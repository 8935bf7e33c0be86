"""Reads a feature file with the official Gherkin parser; what the parser refuses becomes a problem with its place."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gherkin.dialect import DIALECTS
from gherkin.errors import CompositeParserException, ParserException
from gherkin.parser import Parser

from hil.bdd.language.document import Background, Document, Examples, Problem, Row, Scenario, Step, Text, shown
from hil.bdd.language.typos import meant_keyword
from hil.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

KINDS = {"Context": "given", "Action": "when", "Outcome": "then"}
"""Gherkin's type of a keyword, in any language, and the kind of step definition that serves it."""

TOKENS = {
    "#EOF": "the end of the file",
    "#FeatureLine": "Feature:",
    "#RuleLine": "Rule:",
    "#BackgroundLine": "Background:",
    "#ScenarioLine": "Scenario:",
    "#ExamplesLine": "Examples:",
    "#StepLine": "a step (Given, When, Then, And, But)",
    "#TagLine": "tags",
    "#TableRow": "a table row",
    "#DocStringSeparator": 'a doc string (""")',
    "#Language": "a language line",
    "#Other": "text",
}
"""The Gherkin parser's names of what it expected, in words; comments and empty lines may stand anywhere."""


def read(path: Path) -> Document:
    """Read and parse a feature file; what the parser refuses is in ``problems``."""
    file = shown(path)
    try:
        source = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        problem = Problem(file, 1, 1, f"cannot be read: {error.strerror}", rule="unreadable")
        return Document(path, file, problems=(problem,))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = Problem(file, line, 1, "not UTF-8 text", "Save the file as UTF-8", "unreadable")
        return Document(path, file, problems=(problem,))
    return parse(path, source)


def parse(path: Path, source: str) -> Document:
    """Parse the text of the feature file at ``path``; what the parser refuses is in ``problems``."""
    file = shown(path)
    try:
        raw: dict[str, Any] = dict(Parser().parse(source))
    except CompositeParserException as error:
        return Document(path, file, problems=tuple(_parse_problem(file, each, source) for each in error.errors))
    if raw.get("feature") is None:
        problem = Problem(file, 1, 1, "there is no Feature in this file", "Begin it with 'Feature: ' and a name")
        return Document(path, file, problems=(problem,))
    return _Reader(path, file, source, raw).document()


def read_paths(paths: Iterable[Path | str]) -> list[Document]:
    """Return the feature files, and all feature files in folders.

    Raises ConfigurationError if a path does not exist or a folder holds no feature file.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        found = sorted(path.rglob("*.feature")) if path.is_dir() else [path] if path.is_file() else []
        if not found:
            what = "there is no feature file in this folder" if path.is_dir() else "there is no such file or folder"
            raise ConfigurationError(what, place=str(path))
        files += found
    return [read(path) for path in dict.fromkeys(files)]


def _parse_problem(file: str, error: ParserException, source: str) -> Problem:
    line, column = error.location["line"], error.location.get("column", 1) or 1
    message = re.sub(r"^\(\d+:\d+\): ", "", str(error)).replace("\n", " ")
    match = re.fullmatch(r"(unexpected end of file, )?expected: (.*?)(?:, got '(.*)')?", message)
    if match is None:
        return Problem(file, line, column, message)
    expected = ", ".join(TOKENS[token] for token in match[2].split(", ") if token in TOKENS)
    if match[1]:
        last = len(_lines(source))
        return Problem(file, min(line, last), column, f"the file ends too early; expected {expected}")
    meant = _meant(match[3] or "", source)
    told = f". Did you mean '{meant}'?" if meant else f"; expected {expected}"
    return Problem(file, line, column, f"'{match[3]}' cannot stand here{told}")


def _meant(read: str, source: str) -> str | None:
    """Return the keyword that a line probably begins with, None if it does not look like one."""
    language = re.search(r"^\s*#\s*language\s*:\s*(\S+)", source, re.MULTILINE)
    known = language[1] if language and language[1] in DIALECTS else "en"
    return meant_keyword(read, known) if read.strip() else None


class _Reader:
    """Turns the parser's tree into a :class:`Document`."""

    def __init__(self, path: Path, file: str, source: str, raw: dict[str, Any]) -> None:
        self.path, self.file, self.raw = path, file, raw
        self.lines = _lines(source)
        self.scenarios: list[Scenario] = []
        self.backgrounds: list[Background] = []
        self.rules: list[tuple[int, int]] = []

    def document(self) -> Document:
        feature = self.raw["feature"]
        tags = _texts(feature["tags"], "name")
        self._block(feature, tags, None, len(self.lines), ())
        return Document(
            path=self.path,
            file=self.file,
            raw=self.raw,
            language=feature["language"],
            name=feature["name"],
            tags=tags,
            backgrounds=tuple(self.backgrounds),
            scenarios=tuple(self.scenarios),
            rules=tuple(self.rules),
            last_line=len(self.lines),
        )

    def _block(
        self,
        node: dict[str, Any],
        tags: tuple[Text, ...],
        rule: str | None,
        last_line: int,
        backgrounds: tuple[Background, ...],
    ) -> None:
        """Read the children of a feature or a rule that ends with ``last_line``, in ``backgrounds``."""
        children = node["children"]
        if not children:
            return
        ends = [_first_line(child) - 1 for child in children[1:]] + [last_line]
        for child, end in zip(children, ends, strict=True):
            if "rule" in child:
                inner = child["rule"]
                self.rules.append((_first_line(child), end))
                self._block(inner, _texts(inner["tags"], "name") + tags, inner["name"], end, backgrounds)
            elif "background" in child:
                inner = child["background"]
                place, description = inner["location"], self._description(inner, end)
                background = Background(place["line"], place["column"], description, self._steps(inner["steps"]))
                self.backgrounds.append(background)
                backgrounds = (*backgrounds, background)
            else:
                scenario = self._scenario(child["scenario"], tags, rule, end)
                self.scenarios.append(dataclasses.replace(scenario, backgrounds=backgrounds))

    def _scenario(
        self, node: dict[str, Any], inherited: tuple[Text, ...], rule: str | None, last_line: int
    ) -> Scenario:
        place = node["location"]
        return Scenario(
            name=node["name"],
            outline=bool(node["examples"]) or node["keyword"] in _outline_keywords(self.raw["feature"]["language"]),
            line=place["line"],
            column=place["column"],
            first_line=_first_line({"scenario": node}),
            last_line=last_line,
            tags=_texts(node["tags"], "name") + inherited,
            description=self._description(node, last_line),
            steps=self._steps(node["steps"]),
            examples=tuple(_examples(each) for each in node["examples"]),
            rule=rule,
        )

    def _description(self, node: dict[str, Any], last_line: int) -> tuple[Text, ...]:
        if not node["description"]:
            return ()
        first = node["location"]["line"] + 1
        below = [*node["steps"], *node.get("examples", ())]
        end = min([_first_line({"": each}) - 1 for each in below], default=last_line)
        texts = []
        for number in range(first, end + 1):
            line = self.lines[number - 1].rstrip()
            text = line.lstrip()
            if text and not text.startswith("#"):
                texts.append(Text(text, number, len(line) - len(text) + 1))
        return tuple(texts)

    def _steps(self, nodes: list[dict[str, Any]]) -> tuple[Step, ...]:
        steps = []
        kind: str | None = None
        for node in nodes:
            kind = KINDS.get(node["keywordType"], kind)
            place, text, keyword = node["location"], node["text"], node["keyword"]
            after = place["column"] - 1 + len(keyword)
            column = self.lines[place["line"] - 1].find(text, after) + 1 or after + 1
            table, doc_string = node.get("dataTable"), node.get("docString")
            steps.append(
                Step(
                    keyword=keyword.strip(),
                    kind=kind,
                    text=Text(text, place["line"], column),
                    line=place["line"],
                    column=place["column"],
                    table=tuple(_texts(row["cells"], "value") for row in table["rows"]) if table else None,
                    doc_string=doc_string["content"] if doc_string else None,
                )
            )
        return tuple(steps)


def _lines(source: str) -> list[str]:
    """Return the lines as the Gherkin parser counts them: a line ends with a line feed and with nothing else.

    ``str.splitlines`` also ends a line at a form feed, NEL or U+2028; then two counts of lines would differ.
    """
    return source.removesuffix("\n").split("\n")


def _examples(node: dict[str, Any]) -> Examples:
    header = _texts(node["tableHeader"]["cells"], "value") if node.get("tableHeader") else ()
    rows = []
    for row in node.get("tableBody", ()):
        cells = {column.text: cell for column, cell in zip(header, _texts(row["cells"], "value"), strict=True)}
        rows.append(Row(cells, row["location"]["line"], row["location"]["column"]))
    place = node["location"]
    return Examples(place["line"], place["column"], _texts(node["tags"], "name"), header, tuple(rows))


def _texts(nodes: list[dict[str, Any]], key: str) -> tuple[Text, ...]:
    return tuple(
        Text(
            node[key].removeprefix("@") if key == "name" else node[key],
            node["location"]["line"],
            node["location"]["column"],
        )
        for node in nodes
    )


def _first_line(child: dict[str, Any]) -> int:
    (node,) = child.values()
    lines: list[int] = [tag["location"]["line"] for tag in node.get("tags", ())] + [node["location"]["line"]]
    return min(lines)


def _outline_keywords(language: str) -> list[str]:
    return DIALECTS[language]["scenarioOutline"]
