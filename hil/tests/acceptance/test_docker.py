"""Runs with a node in Docker; collected only where a daemon answers."""

from __future__ import annotations

from hil.tests.acceptance.commands import Finished
from hil.tests.acceptance.installed import Laboratory
from hil.tests.acceptance.stopped_plans import KilledWithContainer


def test_a_node_in_docker_gives_the_same_evidence_as_a_native_one(
    toast: Finished, killed_with_container: KilledWithContainer
) -> None:
    assert killed_with_container.next_run.code == 0, killed_with_container.next_run.said
    assert killed_with_container.next_run.observations_digest == toast.observations_digest


def test_the_evidence_names_image_and_digest(killed_with_container: KilledWithContainer) -> None:
    node = killed_with_container.next_run.document["node"]

    assert node["provider"] == "docker"
    assert node["image"]
    assert node["image_digest"].startswith("sha256:")


def test_a_container_that_a_killed_run_left_is_removed_when_the_next_run_starts(
    killed_with_container: KilledWithContainer,
) -> None:
    assert killed_with_container.container
    assert not killed_with_container.is_left


def test_an_installed_wheel_has_what_a_node_in_docker_is_made_of(laboratory: Laboratory) -> None:
    assert "2 scenarios: 2 pass" in laboratory.passes("run", "--node", "docker", "--seed", "7")
    assert laboratory.latest["node"]["provider"] == "docker"
