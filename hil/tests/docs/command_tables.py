"""The command line as its parsers know it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import pytest

from hil.bdd.pytest_plugin import collection, run
from hil.cli.main import build_parser
from hil.tests.docs.markdown import table


def commands() -> str:
    """Return a section for each command: what it does, its usage, its arguments."""
    parts = []
    for parser, help_text in leaves(build_parser(), ""):
        parts += [f"### `{parser.prog}`", "", _sentence(help_text), ""]
        if arguments := [_row(action) for action in shown(parser)]:
            parts += [table(("argument", "meaning"), arguments), ""]
    return "\n".join(parts)


def leaves(parser: argparse.ArgumentParser, help_text: str) -> Iterator[tuple[argparse.ArgumentParser, str]]:
    """Yield each command that does something, with what the list of commands says of it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            told = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, command in action.choices.items():
                yield from leaves(command, told.get(name, ""))
            return
    yield parser, help_text


def shown(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the arguments of a command but for ``--help``."""
    return [action for action in parser._actions if not isinstance(action, argparse._HelpAction)]


def run_options() -> str:
    """Return the options of ``hil run`` and ``pytest`` that the framework's pytest plugin adds."""
    rows = []
    for option in plugin_options():
        attributes = option.attrs()
        names = ", ".join(_with_value(name, attributes.get("metavar")) for name in option.names())
        rows.append((f"`{names}`", _filled(str(attributes.get("help", "")), attributes.get("default"))))
    return table(("option", "meaning"), rows)


def plugin_options() -> list[Any]:
    """Return the options of the group ``hil`` that pytest gets from the plugin."""
    parser = pytest.Parser(_ispytest=True)
    for plugin in (collection, run):
        plugin.pytest_addoption(parser)
    return list(parser.getgroup("hil").options)


def _row(action: argparse.Action) -> tuple[str, str]:
    metavar = action.metavar if isinstance(action.metavar, str) else None
    value = metavar or ("" if action.nargs == 0 else action.dest.upper())
    choices = f"one of {', '.join(f'`{each}`' for each in action.choices)}" if action.choices else ""
    if action.option_strings:
        shown_as = "" if choices and not metavar else value
        name = ", ".join(_with_value(each, shown_as) for each in action.option_strings)
    else:
        name = metavar or action.dest
        name = f"[{name} …]" if action.nargs == "*" else f"[{name}]" if action.nargs == "?" else name
    words = [_filled(action.help or "", action.default), choices, "required" if _must(action) else ""]
    return f"`{name}`", "; ".join(filter(None, words))


def _must(action: argparse.Action) -> bool:
    return action.required and bool(action.option_strings)


def _with_value(name: str, value: str | None) -> str:
    return f"{name} {value}" if value else name


def _filled(text: str, default: object) -> str:
    return text.replace("%(default)s", str(default)).replace("%%", "%")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
