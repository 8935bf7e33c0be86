"""What can be typed beside steps: words that begin with a colon."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hil.bdd.language.catalogue import Catalogue

COMMANDS = {
    ":steps": "lists the steps, or those that have all words that follow",
    ":status": "time, relays, meter, payments, ledger",
    ":undo": "leaves the newest step out of what :save writes; the bench stays as it is",
    ":save": "writes the session as a feature file: :save features/mine.feature",
    ":safe": "load off, relays open; ends this scenario, and the next step begins another",
    ":help": "this list",
    ":quit": "makes the bench safe and ends, as Ctrl-D does",
}

HELP = """\
Type a step as in a feature file: Given ..., When ..., Then ..., And ..., But ...; Tab shows how to go on. Tags such as
@fresh_node stand before the first step. A table or a doc string follows a step that needs one, and ends with an empty
line. Ctrl-C ends a step that runs; the bench stays as it is."""


def help_lines() -> list[str]:
    """Return what ``:help`` prints."""
    return [*HELP.splitlines(), *(f"  {name:<8} {words}" for name, words in COMMANDS.items())]


def step_lines(catalogue: Catalogue, words: str) -> list[str]:
    """Return the steps whose text or documentation has all of ``words``, each with the first line of the latter."""
    wanted = words.lower().split()
    lines = []
    for definition in sorted(catalogue.definitions, key=str):
        text = f"{definition} {definition.doc}".lower()
        if all(word in text for word in wanted):
            doc = definition.doc.partition("\n")[0]
            lines += [str(definition), *([f"      {doc}"] if doc else [])]
    return lines or [f"no step has: {words}"]
