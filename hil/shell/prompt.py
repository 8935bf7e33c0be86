"""Where lines come from: a terminal with completion and history, or whatever standard input is.

While nothing is typed the bench must go on where its time does: a rig in real time is served until a line is there.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, TypeAlias

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.history import FileHistory

from hil.owner_only import make_file

if TYPE_CHECKING:
    from pathlib import Path

    from prompt_toolkit.document import Document
    from prompt_toolkit.eventloop.inputhook import InputHookContext

    from hil.shell.completion import Candidate

Serve: TypeAlias = "Callable[[Callable[[], bool]], None] | None"
"""Keeps the bench going until the function that it is given says that something was typed; None if it stands still."""


def say(text: str) -> None:
    """Write to standard output at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


class Prompt(Protocol):
    """Reads lines."""

    interactive: bool
    """Whether a person types them."""

    def read(self, prompt: str, serve: Serve = None) -> str:
        """Return the next line.

        Raises EOFError at the end of the input, KeyboardInterrupt for Ctrl-C, and whatever ``serve`` raises.
        """


def open_prompt(history: Path, complete: Callable[[str], Iterable[Candidate]], toolbar: Callable[[], str]) -> Prompt:
    """Return a prompt for this process' standard input.

    :param history: file that keeps what was typed.
    :param complete: the ways to go on with a line.
    :param toolbar: what stands at the foot of the screen meanwhile.
    """
    if sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return TerminalPrompt(history, complete, toolbar)
    return PlainPrompt()


class TerminalPrompt:
    """On a terminal, by prompt_toolkit."""

    interactive = True

    def __init__(
        self, history: Path, complete: Callable[[str], Iterable[Candidate]], toolbar: Callable[[], str]
    ) -> None:
        history.parent.mkdir(parents=True, exist_ok=True)
        make_file(history)
        self._session: PromptSession[str] = PromptSession(
            history=FileHistory(str(history)),
            completer=_StepCompleter(complete),
            complete_while_typing=True,
            bottom_toolbar=toolbar,
        )

    def read(self, prompt: str, serve: Serve = None) -> str:
        """See :class:`Prompt`."""

        def while_waiting(context: InputHookContext) -> None:
            try:
                if serve is not None:
                    serve(context.input_is_ready)
            except Exception as error:
                # raised here it would leave the terminal as it is for typing
                get_app().exit(exception=error)

        return self._session.prompt(prompt, inputhook=None if serve is None else while_waiting)


class _StepCompleter(Completer):
    def __init__(self, complete: Callable[[str], Iterable[Candidate]]) -> None:
        self._complete = complete

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        for each in self._complete(document.text_before_cursor):
            yield Completion(each.text, -each.replaces, display=each.shown, display_meta=each.help)


class PlainPrompt:
    """Lines of a pipe, a file or a simple terminal; those that were not typed at a terminal are shown."""

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self.interactive = os.isatty(descriptor)
        self._unread = b""
        self._ended = False

    def read(self, prompt: str, serve: Serve = None) -> str:
        """See :class:`Prompt`."""
        if self.interactive:
            say(prompt)
        while b"\n" not in self._unread and not self._ended:
            if serve is not None:
                serve(self._readable)
            data = os.read(self._descriptor, 1 << 16)
            self._ended = not data
            self._unread += data
        if not self._unread:
            raise EOFError
        line, _, self._unread = self._unread.partition(b"\n")
        text = line.decode("utf-8", errors="replace").rstrip("\r")
        if not self.interactive:
            say(f"{prompt}{text}\n")
        return text

    def _readable(self) -> bool:
        return bool(select.select([self._descriptor], [], [], 0)[0])
