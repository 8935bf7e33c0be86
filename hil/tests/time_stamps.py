"""A time stamp authority (RFC 3161) on loopback, for tests: OpenSSL answers the requests."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(["openssl", *arguments], check=False, capture_output=True, text=True)  # noqa: S607 - any
    assert done.returncode == 0, done.stderr
    return done.stdout


class Authority:
    """Answers on a port of loopback, with a certificate of its own at ``root``."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "tsa.pem"
        self._folder = folder
        (folder / "serial").write_text("01")
        (folder / "tsa.cnf").write_text(
            "[tsa]\ndefault_tsa = one\n[one]\n"
            f"serial = {folder}/serial\nsigner_cert = {self.root}\nsigner_key = {folder}/tsa.key\n"
            "signer_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = sha256, sha512\naccuracy = secs:1\n"
            "ess_cert_id_alg = sha256\n"
        )
        extensions = (
            "-addext",
            "extendedKeyUsage=critical,timeStamping",
            "-addext",
            "keyUsage=critical,digitalSignature",
        )
        command = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=Test TSA", *extensions)
        openssl(*command, "-keyout", folder / "tsa.key", "-out", self.root)
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                answer = authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base's name
                """Keep quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"

    def answer(self, query: bytes) -> bytes:
        (self._folder / "query.tsq").write_bytes(query)
        command = ("ts", "-reply", "-config", self._folder / "tsa.cnf", "-section", "one")
        openssl(*command, "-queryfile", self._folder / "query.tsq", "-out", self._folder / "reply.tsr")
        return (self._folder / "reply.tsr").read_bytes()


@contextlib.contextmanager
def time_stamp_authority(folder: Path) -> Iterator[Authority]:
    """Run an authority whose files are in ``folder``, which is made."""
    folder.mkdir()
    authority = Authority(folder)
    serving = threading.Thread(target=authority.server.serve_forever)
    serving.start()
    try:
        yield authority
    finally:
        authority.server.shutdown()
        authority.server.server_close()
        serving.join()
