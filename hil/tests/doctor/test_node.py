"""Nodes: real daemons, programs and ports, and which of them a run would take."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from hil.chain.node.native import NativeNode
from hil.doctor import node
from hil.doctor.finding import Finding, State
from hil.tests.doctor.surroundings import around, by_id, closed_port, open_folder, without_rights


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without Docker, bitcoind or apt."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setenv("HIL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("HIL_DEBIAN_MIRROR", raising=False)
    return tmp_path


def looked_at(monkeypatch: pytest.MonkeyPatch, folder: Path, wish: str) -> dict[str, Finding]:
    monkeypatch.setenv("NODE", wish)
    return by_id(node.look(around(folder)))


def test_the_bitcoind_of_this_machine_tells_its_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = looked_at(monkeypatch, tmp_path, "native")

    assert found["node.native"].state is State.OK
    assert found["node.choice"].seen == "native, as NODE says"
    assert "version v" in found["node.native"].seen or "to be unpacked" in found["node.native"].seen


@pytest.mark.parametrize(
    ("wish", "states"),
    [
        ("auto", {"docker": "not needed", "native": "not needed", "external": "not needed"}),
        ("docker", {"docker": "problem", "native": "not needed", "external": "not needed"}),
        ("native", {"docker": "not needed", "native": "problem", "external": "not needed"}),
        ("external", {"docker": "not needed", "native": "not needed", "external": "problem"}),
    ],
)
def test_a_machine_without_any_node_has_a_problem_with_what_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, empty: Path, wish: str, states: dict[str, str]
) -> None:
    found = looked_at(monkeypatch, empty, wish)

    assert {name.removeprefix("node."): each.state.value for name, each in found.items()} == {
        **states,
        "choice": "problem",
    }
    assert all(each.remedy for each in found.values())


def test_a_name_that_is_no_provider_is_a_problem(monkeypatch: pytest.MonkeyPatch, empty: Path) -> None:
    found = looked_at(monkeypatch, empty, "dokcer")["node.choice"]

    assert found.state is State.PROBLEM
    assert "Did you mean 'docker'?" in found.seen


@pytest.mark.parametrize(
    ("says", "state"),
    [
        ("Bitcoin Core version v29.1.0", State.OK),
        ("Bitcoin Core version v0.21.0", State.PROBLEM),
        ("nonsense", State.PROBLEM),
    ],
)
def test_a_bitcoind_on_the_path_is_asked_for_its_version(
    monkeypatch: pytest.MonkeyPatch, empty: Path, says: str, state: State
) -> None:
    program = empty / "bitcoind"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)

    found = looked_at(monkeypatch, empty, "auto")

    assert found["node.native"].state is state
    assert says in found["node.native"].seen
    assert found["node.choice"].state is state


def test_a_daemon_that_takes_a_connection_and_never_answers_is_no_docker(
    monkeypatch: pytest.MonkeyPatch, empty: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(empty / "none.sock"))
        silent.listen()
        found = looked_at(monkeypatch, empty, "docker")

    assert found["node.docker"].state is State.PROBLEM
    assert found["node.docker"].seen.startswith("no")


def test_a_daemon_without_the_right_to_ask_it_is_told_with_the_group(
    monkeypatch: pytest.MonkeyPatch, empty: Path
) -> None:
    with open_folder() as folder, socket.socket(socket.AF_UNIX) as daemon:
        path = folder / "docker.sock"
        daemon.bind(str(path))
        daemon.listen()
        path.chmod(0)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        with without_rights():
            sights = {wish: node.docker_daemon(wish) for wish in ("auto", "docker")}

    assert {wish: sight.state for wish, sight in sights.items()} == {"auto": State.WARNING, "docker": State.PROBLEM}
    assert all("usermod -aG docker" in sight.remedy for sight in sights.values())


def test_an_external_node_is_asked_for_its_version_and_its_password_is_not_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with NativeNode() as running:
        endpoint = running.endpoint
        monkeypatch.setenv("HIL_NODE_URL", f"http://{endpoint.user}:{endpoint.password}@127.0.0.1:{endpoint.port}")
        found = looked_at(monkeypatch, tmp_path, "external")

    assert found["node.external"].state is State.OK
    assert "/Satoshi:" in found["node.external"].seen
    assert found["node.choice"].seen == "external, as NODE says"
    assert endpoint.password not in str(found)


def test_an_external_node_that_does_not_answer_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HIL_NODE_URL", f"http://user:secret@127.0.0.1:{closed_port()}")

    found = looked_at(monkeypatch, tmp_path, "external")

    assert [found[f"node.{name}"].state for name in ("external", "choice")] == [State.PROBLEM] * 2
    assert "secret" not in str(found)
