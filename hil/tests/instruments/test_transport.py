"""The transport over real sockets with real pyvisa: what passes, and every way in which it can fail."""

from __future__ import annotations

import signal
import socket
import threading
from contextlib import closing

import pytest

from hil.clock import stopwatch
from hil.errors import ConfigurationError, RigFault
from hil.instruments.dialects import open_meter
from hil.instruments.transport import Transport
from hil.instruments.visa.backend import close_resource_managers, resource_manager
from hil.instruments.visa.raw_socket import LONGEST_REPLY, VisaSocket
from hil.perf.query_time import measure_query
from hil.tests.instruments.hislip import hislip_instrument
from hil.tests.instruments.scripted import (
    SILENCE,
    Action,
    Line,
    ScriptedInstrument,
    close_line,
    load_transcript,
    reset_line,
)

IDENTITY = "ACME,M1,7,1.0"
SCRIPT = [Line("*IDN?", IDENTITY, "u"), Line("*OPC?", "1", "u"), Line("*CLS", None, "u")]
SHORT = 0.05


def instrument(**instead: list[Action]) -> ScriptedInstrument:
    return ScriptedInstrument(SCRIPT, {"*IDN?": instead["identity"]} if instead else {})


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_query_returns_the_reply_without_its_line_end_and_write_returns_nothing() -> None:
    seen: list[tuple[str, str | None]] = []
    with instrument() as acme:
        transport = Transport("meter", acme.resource, observer=lambda command, reply: seen.append((command, reply)))
        transport.write("*CLS")
        assert transport.query("*IDN?") == IDENTITY
        transport.close()
    assert acme.received == ["*CLS", "*IDN?"]
    assert seen == [("*CLS", None), ("*IDN?", IDENTITY)]


def test_carriage_return_before_the_line_feed_is_no_part_of_the_reply() -> None:
    with instrument(identity=[b"ACME,M1\r\n"]) as acme:
        transport = Transport("meter", acme.resource)
        assert transport.query("*IDN?") == "ACME,M1"
        transport.close()


def test_reply_in_pieces_is_put_together() -> None:
    def in_pieces(line: socket.socket) -> None:
        for piece in (b"ACME", b",M1", b"\n"):
            line.sendall(piece)

    with instrument(identity=[in_pieces]) as acme:
        transport = Transport("meter", acme.resource)
        assert transport.query("*IDN?") == "ACME,M1"
        transport.close()


def test_close_ends_the_connection_and_a_later_command_is_refused() -> None:
    with instrument() as acme:
        transport = Transport("meter", acme.resource)
        transport.close()
        transport.close()
        with pytest.raises(RigFault, match=r"meter \(TCPIP.*after the instrument was closed"):
            transport.query("*IDN?")
    assert acme.connections <= 1


def test_nagle_is_off() -> None:
    with instrument() as acme:
        transport = Transport("meter", acme.resource)
        assert isinstance(transport._line, VisaSocket)
        assert transport._line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        transport.close()


def test_all_transports_share_one_manager_and_closing_it_closes_them() -> None:
    with instrument() as acme:
        transport = Transport("meter", acme.resource)
        first = resource_manager()
        assert resource_manager() is first
        close_resource_managers()
        with pytest.raises(RigFault):
            transport.query("*IDN?")
        transport.close()


def test_refused_connection_is_a_rig_fault_with_name_and_resource() -> None:
    resource = f"TCPIP::127.0.0.1::{closed_port()}::SOCKET"
    with pytest.raises(RigFault, match="Connection refused") as caught:
        Transport("meter", resource)
    assert caught.value.place == f"meter ({resource})"
    assert caught.value.remedy


def test_unknown_host_is_a_rig_fault() -> None:
    with pytest.raises(RigFault, match=r"the host 'no-such-meter\.invalid' is unknown"):
        Transport("meter", "TCPIP::no-such-meter.invalid::5025::SOCKET", timeout=SHORT)


@pytest.mark.parametrize("port", ["0", "65536", "99999", "100000000000"])
def test_a_port_that_is_none_is_a_mistake_in_the_rig_file_and_leaves_no_socket_behind(port: str) -> None:
    with pytest.raises(ConfigurationError, match=f"'{port}' is no TCP port; ports are 1 to 65535"):
        Transport("meter", f"TCPIP::127.0.0.1::{port}::SOCKET", timeout=SHORT)


def test_text_that_is_no_visa_resource_is_a_rig_fault() -> None:
    with pytest.raises(RigFault, match="'meter-1' is not a VISA resource"):
        Transport("meter", "meter-1")


def test_other_kinds_of_resource_pass_through_to_visa() -> None:
    lines = load_transcript("hmc8015")
    answers = {line.tx: line.rx for line in reversed(lines)}
    received: list[str] = []

    def answer(command: str) -> str | None:
        received.append(command)
        return answers[command]

    with hislip_instrument(answer) as resource, closing(open_meter("meter", resource)) as meter:
        meter.prepare()
        assert meter.read().power == 1300.6
        assert meter.errors() == []
    assert received[-3:] == ["CHAN1:MEAS:DATA?", "SYST:ERR?", "SYST:LOC"]


def test_an_instrument_on_another_kind_of_resource_that_is_silent_is_a_rig_fault() -> None:
    with (
        hislip_instrument(lambda command: None) as resource,
        pytest.raises(RigFault, match=r"no whole reply to '\*IDN\?' within 0.05 s"),
    ):
        open_meter("meter", resource, timeout=SHORT)


def test_silence_times_out_and_says_which_command_waited() -> None:
    with instrument(identity=[SILENCE]) as acme:
        transport = Transport("meter", acme.resource, timeout=SHORT)
        elapsed = stopwatch()
        with pytest.raises(RigFault, match=r"no whole reply to '\*IDN\?' within 0\.05 s: read nothing"):
            transport.query("*IDN?")
        assert SHORT <= elapsed() < 1
        transport.close()


def test_half_a_reply_times_out_and_is_shown() -> None:
    with instrument(identity=[b"ACME,M"]) as acme:
        transport = Transport("meter", acme.resource, timeout=SHORT)
        with pytest.raises(RigFault, match=r"no whole reply .*: read b'ACME,M'"):
            transport.query("*IDN?")
        transport.close()


def test_one_query_may_wait_longer_than_the_others() -> None:
    release = threading.Event()

    def late(line: socket.socket) -> None:
        release.wait(5)
        line.sendall(b"1\n")

    with ScriptedInstrument(SCRIPT, {"*OPC?": [late]}) as acme:
        transport = Transport("meter", acme.resource, timeout=SHORT)
        threading.Timer(4 * SHORT, release.set).start()
        assert transport.query("*OPC?", timeout=5) == "1"
        transport.close()


def test_reply_that_comes_too_late_is_not_taken_for_the_next_one() -> None:
    with ScriptedInstrument(SCRIPT, {"*OPC?": [SILENCE], "*IDN?": [b"1\nACME\n"]}) as acme:
        transport = Transport("meter", acme.resource, timeout=SHORT)
        with pytest.raises(RigFault, match="no whole reply"):
            transport.query("*OPC?")
        with pytest.raises(RigFault, match="more than one line for one query: read b'1"):
            transport.query("*IDN?")
        assert transport.query("*IDN?") == IDENTITY
        transport.close()
    assert acme.connections == 3


def test_bytes_that_nobody_asked_for_are_found_before_the_next_query() -> None:
    sent = threading.Event()

    def talk(line: socket.socket) -> None:
        line.sendall(b"-113,hello\n")
        sent.set()

    with ScriptedInstrument(SCRIPT, {"*CLS": [talk]}) as acme:
        transport = Transport("meter", acme.resource)
        transport.write("*CLS")
        assert sent.wait(5)
        with pytest.raises(RigFault, match="bytes that no query asked for: read b'-113,hello"):
            transport.query("*IDN?")
        transport.close()


@pytest.mark.parametrize("garbage", [b"\xff\xfe\x80meter\n", b"\x00\x01\x02\n"])
def test_garbage_is_shown_and_refused(garbage: bytes) -> None:
    with instrument(identity=[garbage]) as acme:
        transport = Transport("meter", acme.resource)
        with pytest.raises(RigFault, match=r"is not readable ASCII: read b'\\x"):
            transport.query("*IDN?")
        transport.close()


def test_stream_without_line_feed_is_cut_off() -> None:
    with instrument(identity=[b"x" * (LONGEST_REPLY + 4096)]) as acme:
        transport = Transport("meter", acme.resource)
        with pytest.raises(RigFault, match="bytes without a line feed"):
            transport.query("*IDN?")
        transport.close()


def test_trickle_without_line_feed_ends_at_the_deadline() -> None:
    stop = threading.Event()

    def trickle(line: socket.socket) -> None:
        while not stop.wait(0.005):
            line.sendall(b"x")

    with instrument(identity=[trickle]) as acme:
        transport = Transport("meter", acme.resource, timeout=SHORT)
        with pytest.raises(RigFault, match="no whole reply"):
            transport.query("*IDN?")
        stop.set()
        transport.close()


@pytest.mark.parametrize("end", [close_line, reset_line])
def test_connection_that_ends_before_the_reply_is_told_at_once(end: Action) -> None:
    with instrument(identity=[end]) as acme:
        transport = Transport("meter", acme.resource)
        elapsed = stopwatch()
        with pytest.raises(RigFault, match=r"the connection was lost at '\*IDN\?'"):
            transport.query("*IDN?")
        assert elapsed() < 1
        transport.close()


def test_connection_that_ends_in_the_middle_of_a_reply_shows_what_was_read() -> None:
    def half(line: socket.socket) -> None:
        line.sendall(b"ACME")
        close_line(line)

    with instrument(identity=[half]) as acme:
        transport = Transport("meter", acme.resource)
        with pytest.raises(RigFault, match=r"the connection was lost .*: read b'ACME'"):
            transport.query("*IDN?")
        transport.close()


def test_connection_that_ended_between_two_queries_is_told_and_then_opened_anew() -> None:
    closed = threading.Event()

    def leave(line: socket.socket) -> None:
        close_line(line)
        closed.set()

    with ScriptedInstrument(SCRIPT, {"*CLS": [leave]}) as acme:
        transport = Transport("meter", acme.resource)
        transport.write("*CLS")
        assert closed.wait(5)
        with pytest.raises(RigFault, match="closed by the instrument"):
            transport.query("*IDN?")
        assert transport.query("*IDN?") == IDENTITY
        transport.close()
    assert acme.connections == 2


def test_instrument_that_is_gone_for_good_stays_a_rig_fault() -> None:
    with instrument(identity=[close_line]) as acme:
        transport = Transport("meter", acme.resource)
        with pytest.raises(RigFault, match="lost"):
            transport.query("*IDN?")
    with pytest.raises(RigFault, match="Connection refused"):
        transport.query("*IDN?")
    transport.close()


def test_interrupted_query_leaves_no_reply_behind() -> None:
    main = threading.main_thread().ident
    assert main is not None

    def interrupt(line: socket.socket) -> None:
        signal.pthread_kill(main, signal.SIGINT)

    with instrument(identity=[interrupt]) as acme:
        transport = Transport("meter", acme.resource)
        with pytest.raises(KeyboardInterrupt):
            transport.query("*IDN?")
        assert transport.query("*IDN?") == IDENTITY
        transport.close()
    assert acme.connections == 2


def test_two_threads_never_read_each_others_reply() -> None:
    replies: dict[str, set[str]] = {"*IDN?": set(), "*OPC?": set()}
    with instrument() as acme:
        transport = Transport("meter", acme.resource)

        def ask(command: str) -> None:
            for _ in range(200):
                replies[command].add(transport.query(command))

        threads = [threading.Thread(target=ask, args=[command]) for command in replies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        transport.close()
    assert replies == {"*IDN?": {IDENTITY}, "*OPC?": {"1"}}


def test_measure_query_gives_plausible_figures_for_each_way() -> None:
    with instrument() as acme:
        figures = measure_query(acme.resource, queries=50)
    assert set(figures) == {"visa_query_us", "bare_pyvisa_query_us", "raw_socket_query_us"}
    assert all(1 < figure < 1e5 for figure in figures.values())


def test_measure_query_wants_a_raw_socket() -> None:
    with pytest.raises(ConfigurationError, match="no raw socket"):
        measure_query("TCPIP::127.0.0.1::INSTR")


def test_queries_that_are_asked_ahead_have_their_replies_in_order() -> None:
    seen: list[tuple[str, str | None]] = []
    with instrument(identity=[b"one\n", b"two\r\n", b"three\n"]) as acme:
        transport = Transport("meter", acme.resource, observer=lambda command, reply: seen.append((command, reply)))
        transport.ask("*IDN?", 3)
        assert transport.answers("*IDN?", 3) == ["one", "two", "three"]
        assert transport.query("*OPC?") == "1"
        transport.close()
    assert acme.received == ["*IDN?"] * 3 + ["*OPC?"]
    assert seen == [("*IDN?", "one"), ("*IDN?", "two"), ("*IDN?", "three"), ("*OPC?", "1")]


@pytest.mark.parametrize(
    ("replies", "words"),
    [
        ([b"1\n", SILENCE], "no whole reply to '*IDN?' within 0.05 s: read b'1\\n'"),
        ([b"1\n", b"2\n3\n"], "more than one line"),
        ([b"1\n", b"\xff\n"], "not readable ASCII"),
        ([b"1\n", b"\x07\n"], "not readable ASCII"),
        ([b"1\n", close_line], "the connection was lost"),
    ],
)
def test_a_reply_that_was_asked_for_ahead_and_fails_is_a_rig_fault(replies: list[Action], words: str) -> None:
    with instrument(identity=replies) as acme:
        transport = Transport("meter", acme.resource, timeout=SHORT)
        transport.ask("*IDN?", 2)
        with pytest.raises(RigFault) as caught:
            transport.answers("*IDN?", 2)
        assert words in str(caught.value)
        with pytest.raises(RigFault, match="went with a connection that was lost"):
            transport.answers("*IDN?", 1)
        transport.close()


def test_replies_that_are_given_up_are_not_taken_for_those_of_the_next_query() -> None:
    with instrument(identity=[b"old\n", b"new\n"]) as acme:
        transport = Transport("meter", acme.resource)
        transport.ask("*IDN?", 1)
        transport.give_up()
        assert transport.query("*IDN?") == "new"
        transport.close()
