"""The commands that README and the pages of docs/ show: run, or looked at where they need hardware."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from hil.cli.main import build_parser
from hil.tests.docs.command_tables import leaves, plugin_options, shown
from hil.tests.docs.follow import ROOT, Copy, blocks
from hil.tests.docs.generate import pages

HAVE_TESTS_OF_THEIR_OWN = {"add-a-dialect.md", "add-a-ledger-view.md"}

PAGES = {str(path.relative_to(ROOT)): path for path in pages()}
RUN = [
    name
    for name, path in PAGES.items()
    if path.name not in HAVE_TESTS_OF_THEIR_OWN
    and any(each.language == "sh" and "check" not in each.words for each in blocks(path))
]
CHECKED = [name for name, path in PAGES.items() if any("check" in each.words for each in blocks(path))]

PYTEST_OPTIONS = {"-m", "-k", "-x"}
"""Options of pytest's own that pages name."""

MAKE = re.compile(r"`make\s([a-z-]+)`")
HIL = re.compile(r"`(hil [^`]+)`")
PLACEHOLDER = re.compile(r"\[[^]]*\]|…|\bMODULE\b")


@pytest.mark.parametrize("name", RUN)
def test_each_command_of_the_page_does_what_the_page_says(name: str, tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    said = ""
    ran = iter(copy.follow(PAGES[name]))
    for block in blocks(PAGES[name]):
        if block.language == "sh" and "check" not in block.words:
            followed, done = next(ran)
            assert done.code == int(followed.value("exit") or 0), f"{followed.text}{done.said}"
            said = done.said
        elif "shown" in block.words:
            for line in block.text.splitlines():
                assert line in said, said


@pytest.mark.parametrize("name", CHECKED)
def test_commands_that_need_hardware_are_spelt_as_the_command_line_takes_them(name: str) -> None:
    for block in blocks(PAGES[name]):
        if "check" in block.words:
            for command in block.commands:
                program, *arguments = shlex.split(command)
                assert program == "hil", command
                options, rest = build_parser().parse_known_args(arguments)
                run_options = {option for each in plugin_options() for option in each.names()} | PYTEST_OPTIONS
                if options.command == "run":
                    rest = [word for word in rest if word not in run_options]
                paths = rest if options.command == "run" else []
                assert [path for path in paths if not (ROOT / path).exists()] == [], command
                assert rest == paths, command


@pytest.mark.parametrize("name", PAGES)
def test_commands_named_in_the_text_exist_with_their_options(name: str) -> None:
    parser = build_parser()
    known = {
        each.prog: {option for action in shown(each) for option in action.option_strings}
        for each, _ in leaves(parser, "")
    }
    known["hil run"] |= PYTEST_OPTIONS | {option for each in plugin_options() for option in each.names()}
    for text in HIL.findall(PAGES[name].read_text(encoding="utf-8")):
        words = PLACEHOLDER.sub("", text).split()
        command = next((prog for prog in known if words[: len(prog.split())] == prog.split()), None)
        assert command is not None or is_group(words), f"`{text}`"
        options = {word.partition("=")[0] for word in words if word.startswith("-")} - {"--help"}
        assert command is None or options <= known[command], f"`{text}`"


def is_group(words: list[str]) -> bool:
    """Tell whether it names a group of commands, or the command itself: ``hil device``, ``hil COMMAND --help``."""
    return words[1:] in (["device"], ["rig"], ["--help"], ["COMMAND", "--help"])


@pytest.mark.parametrize("name", PAGES)
def test_make_targets_named_in_the_text_exist(name: str) -> None:
    assert set(MAKE.findall(PAGES[name].read_text(encoding="utf-8"))) <= make_targets()


def test_each_make_target_is_explained() -> None:
    page = PAGES["docs/reference/make-targets.md"].read_text(encoding="utf-8")

    assert set(MAKE.findall(page)) >= make_targets()


def make_targets() -> set[str]:
    """Return the targets that the Makefile declares."""
    declared = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert declared
    return {target for line in declared for target in line.split()}
