"""The official Cucumber language server, as an editor talks to it: JSON-RPC over its standard input and output."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from hil.clock import WallClock
from hil.tests import npm
from hil.tests.acceptance.commands import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = ("node", "npm")
VERSION = "1.7.0"
"""Of ``@cucumber/language-server`` and ``@cucumber/language-service``."""
PATIENCE_S = 60.0

SETTINGS = ROOT / ".vscode" / "settings.json"

# The package's own start script looks for the grammars where npm does not put them.
START = """
const { startStandaloneServer } = require('@cucumber/language-server/wasm')
const { NodeFiles } = require('@cucumber/language-server/node')
startStandaloneServer(process.env.NODE_PATH + '/@cucumber/language-service/dist', (rootUri) => new NodeFiles(rootUri))
"""


def installed() -> Path:
    """Return the folder of modules with the server, put there from npm if it is not there yet."""
    parts = [f"@cucumber/language-{part}@{VERSION}" for part in ("server", "service")]
    return npm.installed(f"cucumber-language-server-{VERSION}", *parts)


@contextlib.contextmanager
def running() -> Iterator[LanguageServer]:
    """Give a server that has read the project."""
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            [str(shutil.which("node")), "-e", START, "--", "server", "--stdio"],
            cwd=ROOT,
            env={**os.environ, "NODE_PATH": str(installed())},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as program,
    ):
        assert program.stdin is not None
        assert program.stdout is not None
        received: queue.Queue[dict[str, Any]] = queue.Queue()
        reader = threading.Thread(target=_read, args=(program.stdout, received))
        reader.start()
        try:
            server = LanguageServer(program.stdin, received, errors)
            server.start()
            yield server
        finally:
            program.kill()
            reader.join()


class LanguageServer:
    """What an editor asks of it, each with a deadline."""

    def __init__(self, to_server: IO[bytes], received: queue.Queue[dict[str, Any]], errors: IO[str]) -> None:
        self._input, self._received, self._errors = to_server, received, errors
        self._number = 0
        self.log: list[str] = []
        self.diagnostics: dict[Path, list[dict[str, Any]]] = {}

    def start(self) -> None:
        """Say who we are, and wait until it has read the project."""
        capabilities = {
            "workspace": {"configuration": True, "didChangeWatchedFiles": {"dynamicRegistration": False}},
            "textDocument": {
                "completion": {"completionItem": {"snippetSupport": True}},
                "definition": {},
                "semanticTokens": {},
            },
        }
        self.ask("initialize", {"processId": None, "rootUri": ROOT.as_uri(), "capabilities": capabilities})
        self._send({"method": "initialized", "params": {}})
        self._until(lambda: any("suggestions for auto complete" in line for line in self.log), "the project to be read")

    def open(self, path: Path, text: str | None = None) -> list[dict[str, Any]]:
        """Open a file as the editor does, and return what the server finds wrong in it."""
        self.diagnostics.pop(path, None)
        content = path.read_text(encoding="utf-8") if text is None else text
        document = {"uri": path.as_uri(), "languageId": "cucumber", "version": 1, "text": content}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        self._until(lambda: path in self.diagnostics, f"diagnostics of {path.name}")
        return self.diagnostics[path]

    def complete(self, path: Path, line: int, character: int) -> list[dict[str, Any]]:
        """Return what the server offers at a place (counted from 0) of an open file."""
        place = {"line": line, "character": character}
        items: list[dict[str, Any]] = self.ask(
            "textDocument/completion", {"textDocument": {"uri": path.as_uri()}, "position": place}
        )
        return items

    def definition(self, path: Path, line: int, character: int) -> list[dict[str, Any]]:
        """Return where the step at a place of an open file is defined."""
        place = {"line": line, "character": character}
        links: list[dict[str, Any]] = self.ask(
            "textDocument/definition", {"textDocument": {"uri": path.as_uri()}, "position": place}
        )
        return links

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        """Return the result of a request."""
        self._number += 1
        number, answers = self._number, list[dict[str, Any]]()
        self._send({"id": number, "method": method, "params": params})

        def answered(message: dict[str, Any]) -> bool:
            if message.get("id") == number and "method" not in message:
                answers.append(message)
            return bool(answers)

        self._until(lambda: bool(answers), f"an answer to {method}", answered)
        assert "error" not in answers[0], answers[0]
        return answers[0].get("result")

    def _until(self, condition: Any, what: str, look: Any = lambda message: None) -> None:
        clock = WallClock()
        deadline = clock.now() + PATIENCE_S
        while not condition():
            try:
                message = self._received.get(timeout=max(0.0, deadline - clock.now()))
            except queue.Empty:
                raise AssertionError(f"waited {PATIENCE_S:g} s for {what}; the server said {self.log}") from None
            look(message)
            self._handle(message)

    def _handle(self, message: dict[str, Any]) -> None:
        params: Any = message.get("params")
        match message.get("method"):
            case "ended":
                self._errors.seek(0)
                raise AssertionError(f"the server ended: {self._errors.read()}")
            case "window/logMessage":
                self.log.append(params["message"])
            case "textDocument/publishDiagnostics":
                self.diagnostics[Path(params["uri"].removeprefix("file://"))] = params["diagnostics"]
            case "workspace/configuration":
                self._send({"id": message["id"], "result": [_settings()]})
            case _ if "id" in message and "method" in message:
                self._send({"id": message["id"], "result": None})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._input.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._input.flush()


def _settings() -> dict[str, Any]:
    """Return the extension's part of the settings, as the editor hands it over."""
    settings = json.loads(SETTINGS.read_text(encoding="utf-8"))
    return {key.removeprefix("cucumber."): value for key, value in settings.items() if key.startswith("cucumber.")}


def _read(output: IO[bytes], received: queue.Queue[dict[str, Any]]) -> None:
    while head := output.readline():
        length = 0
        while head.strip():
            name, _, value = head.decode().partition(":")
            length = int(value) if name.lower() == "content-length" else length
            head = output.readline()
        received.put(json.loads(output.read(length)))
    received.put({"method": "ended"})
