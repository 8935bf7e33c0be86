"""Lines of text between the bench and a socket that does not speak the payment protocol."""

from __future__ import annotations

import pytest

from hil.errors import AuthorError
from hil.evidence.documents import Kind
from hil.rig.config.rig_file import OTHER_SOCKET
from hil.scenario.stimuli import text_line
from hil.tests.scenario.timelines import Scene


def test_a_socket_that_speaks_the_protocol_is_told_nothing_else() -> None:
    with pytest.raises(AuthorError, match="speaks the payment protocol") as caught:
        text_line.say(Scene().scenario, "on 5")

    assert caught.value.remedy == "Begin with 'Given a socket of another kind is under test'."


def test_nothing_is_told_to_a_socket_that_is_not_switched_on_yet() -> None:
    with pytest.raises(AuthorError, match="not switched on yet"):
        text_line.say(Scene(setup=OTHER_SOCKET).scenario, "on 5")


def test_what_was_told_and_what_was_said_are_found_by_their_first_words_and_their_time() -> None:
    scene = Scene(setup=OTHER_SOCKET)
    for t, source, text in (
        (1.0, text_line.BENCH, "on 5"),
        (1.1, text_line.SOURCE, "ok"),
        (6.1, text_line.SOURCE, "off"),
    ):
        scene.write(t, Kind.CONSOLE, source, {"text": text})
    scene.write(2.0, Kind.CONSOLE, "socket-console", {"text": "ok, too"})
    scene.clock.sleep(7)

    assert [each.t for each in text_line.told(scene.observer, "on")] == [1.0]
    assert [each.data["text"] for each in text_line.said(scene.observer)] == ["ok", "off"]
    assert [each.t for each in text_line.said(scene.observer, "o", since=1.1)] == [6.1]
    assert text_line.said(scene.observer, "on") == []
