"""The web server of the live page: loopback only, read-only but for the answers that the bench asks for.

The path is random: only a person who was given the address sees the page. A page of another site cannot use it: the
Host header is checked (DNS rebinding), no other origin may read or post, and nothing can be framed. Each viewer has a
thread of its own, so one that is slow, or stops reading, does not delay the others.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Final

import orjson

from hil.live.folder import REPORT_FILE
from hil.live.hub import Gone, Hub
from hil.live.questions import Answer, answer_in

ADDRESS: Final = "127.0.0.1"

MOST_VIEWERS: Final = 32

STALLED_S: Final = 20.0
"""For which a viewer may stop reading, or take for its request, before it is let go; its page then asks anew."""

LONGEST_BODY: Final = 1 << 13
_SEND_BUFFER: Final = 1 << 16
"""Bytes that the kernel keeps for a viewer: what does not fit is not sent, but summed up in a later update."""

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_ASSETS: Final = {
    "": ("hil.live", "live.html", "text/html; charset=utf-8"),
    "live.css": ("hil.live", "live.css", "text/css; charset=utf-8"),
    "live.js": ("hil.live", "live.js", "text/javascript; charset=utf-8"),
    "plot.js": ("hil.report", "uplot/uPlot.iife.min.js", "text/javascript; charset=utf-8"),
    "plot.css": ("hil.report", "uplot/uPlot.min.css", "text/css; charset=utf-8"),
}
"""By what stands behind the random path: whose asset it is, its file and its type."""


class LivePage(ThreadingHTTPServer):
    """The server; ``serve_forever`` serves until ``shutdown``."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, hub: Hub, port: int = 0) -> None:
        super().__init__((ADDRESS, port), _Request)
        self.hub = hub
        self.secret = secrets.token_urlsafe(24)
        self.viewers = 0

    @property
    def hosts(self) -> tuple[str, ...]:
        """What a Host header may be."""
        return f"{ADDRESS}:{self.server_port}", f"localhost:{self.server_port}"

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{self.hosts[0]}/{self.secret}/"

    def handle_error(self, request: object, client_address: object) -> None:
        """A viewer that goes away is no error."""


class _Request(BaseHTTPRequestHandler):
    """One request of a viewer."""

    server: LivePage
    timeout = STALLED_S
    server_version = "hil"
    sys_version = ""

    def do_GET(self) -> None:
        name = self._name()
        if name is None:
            return
        if name == "events":
            self._tell_events()
        elif name == REPORT_FILE:
            self._send_report()
        elif name in _ASSETS:
            package, file, kind = _ASSETS[name]
            self._send(HTTPStatus.OK, _asset(package, file), kind)
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        name = self._name()
        if name is None:
            return
        origins = [f"http://{host}" for host in self.server.hosts]
        if name != "answer":
            self._refuse(HTTPStatus.NOT_FOUND)
        elif self.headers.get("Origin") not in origins or self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.FORBIDDEN)
        else:
            self._take_answer()

    def log_message(self, *_: object) -> None:
        """Write nothing: the path is a secret, and the terminal belongs to the run."""

    def version_string(self) -> str:
        """Return what the Server header says."""
        return self.server_version

    def _name(self) -> str | None:
        """Return what is asked for behind the random path; None: the request was refused."""
        if self.headers.get("Host") not in self.server.hosts:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
            return None
        _, _, rest = self.path.partition("/")
        secret, slash, name = rest.partition("?")[0].partition("/")
        if not slash or not secrets.compare_digest(secret.encode(), self.server.secret.encode()):
            self._refuse(HTTPStatus.NOT_FOUND)
            return None
        return name

    def _take_answer(self) -> None:
        try:
            length = int(self.headers.get("Content-Length", "0"))
        except ValueError:
            length = -1
        if not 0 < length <= LONGEST_BODY:
            self._refuse(HTTPStatus.BAD_REQUEST, "an answer is some words")
            return
        try:
            document = orjson.loads(self.rfile.read(length))
        except ValueError:
            document = None
        answer = answer_in(document, "page")
        if not isinstance(answer, Answer):
            self._refuse(HTTPStatus.BAD_REQUEST, answer)
            return
        try:
            self.server.hub.take_answer(str(document.get("token")), answer)
        except Gone as gone:
            self._refuse(HTTPStatus.CONFLICT, str(gone))
        except OSError as error:
            self._refuse(HTTPStatus.INSUFFICIENT_STORAGE, error.strerror or "it cannot be written")
        else:
            self._send(HTTPStatus.OK, b"taken", "text/plain; charset=utf-8")

    def _send_report(self) -> None:
        folder = self.server.hub.folder
        try:
            content = (folder / REPORT_FILE).read_bytes() if folder is not None else None
        except OSError:
            content = None
        if content is None:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no report yet")
        else:  # it brings its own policy, which lets it ask for nothing
            self._send(HTTPStatus.OK, content, "text/html; charset=utf-8", policy="frame-ancestors 'none'")

    def _tell_events(self) -> None:
        if self.server.viewers >= MOST_VIEWERS:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, f"the page has {MOST_VIEWERS} viewers already")
            return
        hub = self.server.hub
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self.server.viewers += 1
        hub.arrive()
        try:
            self._head(HTTPStatus.OK, "text/event-stream; charset=utf-8", _POLICY)
            generation = version = 0
            while not hub.closed:
                update = hub.next_update(generation, version)
                generation, version = update["generation"], update["version"]
                self.wfile.write(b"data: " + orjson.dumps(update, option=orjson.OPT_NON_STR_KEYS) + b"\n\n")
        except OSError:  # it has gone, or stopped reading
            self.close_connection = True
        finally:
            hub.leave()
            self.server.viewers -= 1

    def _send(self, status: HTTPStatus, content: bytes, kind: str, policy: str = _POLICY) -> None:
        with contextlib.suppress(OSError):
            self._head(status, kind, policy, len(content))
            self.wfile.write(content)

    def _head(self, status: HTTPStatus, kind: str, policy: str, length: int | None = None) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _refuse(self, status: HTTPStatus, why: str = "") -> None:
        self._send(status, (why or status.phrase).encode(), "text/plain; charset=utf-8")


@cache
def _asset(package: str, file: str) -> bytes:
    return (files(package) / "assets" / file).read_bytes()


def serve(runs: Path, run: Path | None, port: int = 0) -> LivePage:
    """Return a page that is ready to be served; its address can be told."""
    return LivePage(Hub(runs, run), port)
