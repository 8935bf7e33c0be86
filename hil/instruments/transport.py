"""SCPI over VISA: one line out, one line back, every failure a RigFault that names the instrument.

pyvisa carries it, with pyvisa-py or another backend (``visa/backend.py``); any VISA resource string passes. With
pyvisa-py the line of a raw ``TCPIP::host::port::SOCKET`` and of a serial ``ASRL/dev/…::INSTR`` is watched
(``visa/raw_socket.py``, ``visa/serial_line.py``); a query then costs no more than pyvisa's own, 61 µs on loopback
(research/hil.md).
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, cast

from pyvisa import rname
from pyvisa.constants import StatusCode
from pyvisa.errors import VisaIOError

from hil.errors import ConfigurationError, RigFault
from hil.instruments.visa.backend import OWN_BACKEND, resource_manager
from hil.instruments.visa.raw_socket import LONGEST_REPLY, LineSession, UnaskedBytes, VisaSocket, take_over
from hil.instruments.visa.serial_line import VisaSerial, take_over_serial

if TYPE_CHECKING:
    from pyvisa import ResourceManager
    from pyvisa.resources import MessageBasedResource

Observer: TypeAlias = Callable[[str, str | None], None]
"""Sees each command that was carried out, with its reply; the reply of a command without one is None."""

TIMEOUT = 2.0
"""Seconds in which a whole reply must be there, if nothing else is said."""


class Transport:
    """The line to one instrument. Threads may share it: a query holds it until its reply is read.

    After a failure the connection is closed and the next command opens a new one, so that a reply that comes late is
    never taken for the next one's, and a load can still be switched off after a query that it did not answer.
    """

    def __init__(
        self,
        name: str,
        resource: str,
        *,
        timeout: float = TIMEOUT,
        observer: Observer | None = None,
        backend: str = OWN_BACKEND,
    ) -> None:
        """Open ``resource``.

        :param name: the instrument's name in the rig.
        :param timeout: seconds for the connection and for each reply.
        :param backend: see :func:`hil.instruments.visa.backend.resource_manager`.
        :raises ConfigurationError: its port is none, or the backend cannot be used.
        :raises RigFault: no such resource, unknown host, refused, or no connection in time.
        """
        self.name = name
        self.resource = resource
        self.timeout = timeout
        self.observer = observer
        self._backend = backend
        self._lock = threading.Lock()
        self._closed = False
        self._line: VisaSocket | VisaSerial | None = None
        self._session: LineSession | None = None
        """That of a raw SOCKET, while it is open."""
        self._visa: MessageBasedResource | None = None
        self._open()

    @property
    def place(self) -> str:
        """The instrument as errors name it."""
        return f"{self.name} ({self.resource})"

    def write(self, command: str) -> None:
        """Send a command that has no reply; raises RigFault if the line is broken."""
        with self._lock:
            visa = self._visa or self._reopen(command)
            try:
                visa.write(command)
            except Exception as error:
                raise self._failed(command, self.timeout, error) from error
            except BaseException:
                self._drop()
                raise
        if self.observer is not None:
            self.observer(command, None)

    def query(self, command: str, *, timeout: float | None = None) -> str:
        """Send a command and return its one-line reply without the line end.

        :param timeout: seconds for this reply, if it may take longer than usual.
        :raises RigFault: time-out, connection reset or closed, garbage, or replies out of step.
        """
        limit = self.timeout if timeout is None else timeout
        with self._lock:
            visa = self._visa or self._reopen(command)
            try:
                if timeout is not None:
                    visa.timeout = timeout * 1000
                if self._line is None:
                    reply = visa.query(command).rstrip()
                else:
                    self._line.begin(limit)
                    reply = self._exchange(visa, command).rstrip()
                if not reply.isprintable():
                    raise UnicodeError(reply)
                if timeout is not None:
                    visa.timeout = self.timeout * 1000
            except Exception as error:
                raise self._failed(command, limit, error) from error
            except BaseException:
                # interrupted: the reply may still come
                self._drop()
                raise
        if self.observer is not None:
            self.observer(command, reply)
        return reply

    def ask(self, command: str, times: int) -> None:
        """Send a query so many times without awaiting a reply; on a raw ``SOCKET`` only.

        Raises RigFault if the line is broken, or out of step.
        """
        with self._lock:
            if self._visa is None:
                self._reopen(command)
            try:
                session = self._watched_session()
                session.interface.begin(self.timeout)
                session.write(f"{command}\n".encode("ascii") * times)
            except Exception as error:
                raise self._failed(command, self.timeout, error) from error

    def answers(self, command: str, times: int) -> list[str]:
        """Return the replies to so many of the queries that were sent by ``ask``; raises RigFault as ``query`` does."""
        with self._lock:
            if self._visa is None:
                raise RigFault(f"the replies to '{command}' went with a connection that was lost", place=self.place)
            try:
                session = self._watched_session()
                session.interface.await_lines(self.timeout, times)
                data, status = session.read(2 * LONGEST_REPLY)
                if status == StatusCode.error_timeout:
                    raise TimeoutError
                text = data.decode("ascii")
                replies = [line.rstrip() for line in text.removesuffix("\n").split("\n")]
                if not "".join(replies).isprintable():
                    raise UnicodeError(text)
            except Exception as error:
                raise self._failed(command, self.timeout, error) from error
            except BaseException:
                self._drop()
                raise
        if self.observer is not None:
            for reply in replies:
                self.observer(command, reply)
        return replies

    def give_up(self) -> None:
        """Await no reply that is still to come: the next command opens a new connection."""
        with self._lock:
            self._drop()

    def _watched_session(self) -> LineSession:
        # asked directly: the way to it through pyvisa takes as long as a query itself
        if self._session is None:
            raise TypeError(f"{self.resource} is no raw SOCKET")
        return self._session

    def close(self) -> None:
        """Close the connection for sure; does nothing the second time."""
        with self._lock:
            self._closed = True
            self._drop()

    def fault(self, command: str, read: str, why: str, remedy: str) -> RigFault:
        """Return the error for a reply that came and cannot be right."""
        return RigFault(f"{why}: '{command}' read '{read}'", place=self.place, remedy=remedy)

    @staticmethod
    def _exchange(visa: MessageBasedResource, command: str) -> str:
        # viWrite and viRead as such: pyvisa's query() on top of them costs a fifth of the time of a reading, and
        # what it does more (several chunks, foreign terminators) cannot occur on a watched line
        session = visa.session
        visa.visalib.write(session, f"{command}\n".encode("ascii"))
        # asks for more than the watched line lets through: it ends at the line feed
        data, _ = visa.visalib.read(session, 2 * LONGEST_REPLY)
        return data.decode("ascii")

    def _reopen(self, command: str) -> MessageBasedResource:
        if self._closed:
            raise RigFault(f"'{command}' after the instrument was closed", place=self.place)
        return self._open()

    def _refuse_port(self, port: str) -> None:
        """Raise ConfigurationError for what is no TCP port: pyvisa-py would leave a socket behind."""
        if not (port.isdecimal() and 0 < int(port) < 1 << 16):
            raise ConfigurationError(
                f"'{port}' is no TCP port; ports are 1 to 65535",
                place=self.place,
                remedy="Correct it in the rig file, for example TCPIP::192.0.2.7::5025::SOCKET.",
            )

    def _open(self) -> MessageBasedResource:
        try:
            parsed = rname.parse_resource_name(self.resource)
        except rname.InvalidResourceName as error:
            raise RigFault(
                f"'{self.resource}' is not a VISA resource",
                place=self.place,
                remedy="Correct it in the rig file, for example TCPIP::192.0.2.7::5025::SOCKET.",
            ) from error
        own = self._backend == OWN_BACKEND
        raw, serial = isinstance(parsed, rname.TCPIPSocket), isinstance(parsed, rname.ASRLInstr)
        if isinstance(parsed, rname.TCPIPSocket):
            self._refuse_port(parsed.port)
            if own:
                self._resolve(parsed.host_address)
        manager = self._manager()
        try:
            visa = cast(
                "MessageBasedResource",
                manager.open_resource(self.resource, open_timeout=max(1, round(self.timeout * 1000))),
            )
        except Exception as error:  # pyvisa-py raises plain Exception
            raise self._unreachable(str(error)) from error
        try:
            visa.timeout = self.timeout * 1000
            visa.write_termination = "\n"
            if raw or serial:
                visa.read_termination = "\n"
            if own and (raw or serial):
                session = visa.visalib.sessions[visa.session]  # type: ignore[attr-defined]  # pyvisa-py
                self._line = take_over(session) if raw else take_over_serial(session)
                self._session = session if raw else None
        except Exception as error:  # as above
            self._visa = visa
            self._drop()
            raise self._unreachable(getattr(error, "strerror", None) or str(error)) from error
        self._visa = visa
        return visa

    def _manager(self) -> ResourceManager:
        try:
            return resource_manager(self._backend)
        except ConfigurationError as error:
            error.place = self.place
            raise

    def _resolve(self, host: str) -> None:
        # pyvisa-py leaks its socket when the name is unknown
        try:
            socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise RigFault(
                f"the host '{host}' is unknown ({error})", place=self.place, remedy="Correct it in the rig file."
            ) from error

    def _unreachable(self, why: str) -> RigFault:
        return RigFault(
            f"no connection within {self.timeout:g} s: {why}",
            place=self.place,
            remedy="Check that the instrument is on, its address and port, and that nobody else holds it.",
        )

    def _drop(self) -> None:
        visa, line, self._visa, self._line, self._session = self._visa, self._line, None, None, None
        if visa is not None:
            # a session that broke may not close in good order; its socket must close all the same
            with contextlib.suppress(Exception):
                visa.close()
        if line is not None:
            line.close()

    def _failed(self, command: str, timeout: float, error: Exception) -> RigFault:
        """Close the line and say what happened on it."""
        seen = self._line.seen if self._line is not None else b""
        self._drop()
        read = f"read {seen[:120]!r}" if seen else "read nothing"
        if isinstance(error, UnicodeError):
            what, remedy = f"the reply to '{command}' is not readable ASCII: {read}", "Check port and dialect."
        elif isinstance(error, UnaskedBytes):
            what = f"'{command}' found {error}: {read}"
            remedy = "Check that nobody else uses this connection; the next command opens a new one."
        elif isinstance(error, TimeoutError) or (
            isinstance(error, VisaIOError) and error.error_code == StatusCode.error_timeout
        ):
            what = f"no whole reply to '{command}' within {timeout:g} s: {read}"
            remedy = "Check that the instrument is on, not in local mode, and knows the command."
        elif isinstance(error, ConnectionError):
            what = f"the connection was lost at '{command}' ({error.strerror or error}): {read}"
            remedy = "Check power and network of the instrument, and that nobody else holds it."
        else:
            what, remedy = f"'{command}' failed ({type(error).__name__}: {error}): {read}", "Check the instrument."
        return RigFault(what, place=self.place, remedy=remedy)
