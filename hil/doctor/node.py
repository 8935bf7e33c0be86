"""Where a bitcoind would come from: Docker, native, external; which of them a run would take."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import partial
from typing import TYPE_CHECKING, Final

import docker.errors

from hil.chain.client.rpc import RpcClient
from hil.chain.node import container, debian, native
from hil.chain.node.base import OLDEST_VERSION, WAYS_OUT, guard
from hil.chain.node.external import endpoint_from_environment
from hil.chain.node.image import image_name
from hil.chain.node.providers import PREFERENCES
from hil.doctor.finding import DEADLINE_S, Probe, State, look_at, not_needed, ok, problem, warning
from hil.errors import ConfigurationError, nearest

if TYPE_CHECKING:
    from hil.doctor.finding import Finding, Sight, Surroundings

ANSWER_S: Final = 0.8 * DEADLINE_S
"""Longest wait for a daemon or a program, so that the probe can still tell what it waited for."""


def look(_: Surroundings) -> list[Finding]:
    """Look for nodes; none is started, and no image is built."""
    wish = os.environ.get("NODE") or "auto"
    sources = look_at(
        Probe("node.docker", "Docker", partial(docker_daemon, wish), optional=wish != "docker"),
        Probe("node.native", "bitcoind", partial(native_node, wish), optional=wish != "native"),
        Probe("node.external", "external node", partial(external_node, wish)),
    )
    usable = {each.id.removeprefix("node."): each.state is State.OK for each in sources}
    return [*sources, *look_at(Probe("node.choice", "node of a run", partial(choice, wish, usable)))]


def choice(wish: str, usable: dict[str, bool]) -> Sight:
    """Tell which provider a run would take, as :func:`hil.chain.node.providers.decide` would.

    :param wish: what ``NODE`` says, or ``auto``.
    :param usable: by provider.
    """
    if wish not in PREFERENCES:
        return problem(f"NODE={wish} names no provider{nearest(wish, PREFERENCES)}", "Set NODE to one of them.")
    if wish != "auto":
        seen = f"{wish}, as NODE says"
        return ok(seen) if usable[wish] else problem(f"{seen}, but it cannot be used", WAYS_OUT)
    taken = next((each for each in ("docker", "native") if usable[each]), None)
    return ok(f"{taken}, since NODE does not say") if taken else problem("there is none", WAYS_OUT)


def docker_daemon(wish: str) -> Sight:
    """Ask the Docker daemon for its version and for our image."""
    absent = problem if wish == "docker" else not_needed
    try:
        client = container.connect(ANSWER_S)
    except ConfigurationError as error:
        if isinstance(_cause(error), PermissionError):
            remedy = "sudo usermod -aG docker $USER, then log in anew; or set NODE=native."
            return (problem if wish == "docker" else warning)(error.what, remedy)
        return absent(error.what, "Start a Docker daemon, or set NODE=native.")
    try:
        version = client.version()
        seen = f"{version.get('Version')}, API {version.get('ApiVersion')}"
        try:
            client.images.get(image_name())
        except docker.errors.ImageNotFound:
            return ok(f"{seen}; the image {image_name()} is made by the first run")
        return ok(f"{seen}, with the image {image_name()}")
    finally:
        client.close()


def native_node(wish: str) -> Sight:
    """Look for a bitcoind on the PATH, in the cache, or in the machine's Debian mirror."""
    if on_path := shutil.which("bitcoind"):
        return _version([on_path], f"on PATH ({on_path})")
    if (tree := debian.unpacked()) is not None:
        return _version(tree.command("bitcoind"), f"unpacked in {tree.root}")
    source = native.available()
    if source is not None:
        return ok(f"{source.removeprefix('bitcoind ')} by the first run (40 MB, 10 s)")
    absent = problem if wish == "native" else not_needed
    return absent("none on PATH, and apt has no Debian mirror to unpack one from", WAYS_OUT)


def external_node(wish: str) -> Sight:
    """Ask the node that the environment names for its version and chain."""
    if wish != "external":
        return not_needed("NODE does not ask for one", "Set NODE=external and HIL_NODE_URL.")
    client = RpcClient(endpoint_from_environment(), timeout=ANSWER_S)
    try:
        _, subversion = guard(client)
    finally:
        client.close()
    return ok(f"{subversion} at {client.endpoint.host}:{client.endpoint.port}, regtest")


def _version(command: list[str], where: str) -> Sight:
    """Ask the program for its version; raises OSError or TimeoutExpired if it does not tell."""
    asked = subprocess.run(
        [*command, "-version"], capture_output=True, text=True, errors="replace", timeout=ANSWER_S, check=False
    )
    told = (asked.stdout or asked.stderr).partition("\n")[0]
    found = re.search(r"v(\d+)\.", told)
    if asked.returncode != 0 or found is None:
        return problem(f"{where}: it does not tell its version ({told or asked.returncode})", WAYS_OUT)
    if int(found[1]) * 10_000 < OLDEST_VERSION:
        return problem(f"{told}, {where}", f"Install version {OLDEST_VERSION // 10_000} or newer.")
    return ok(f"{told}, {where}")


def _cause(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error
