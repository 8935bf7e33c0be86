"""``hil node up | info | down``: a node that outlives the command, to look at with bitcoin-cli or to reuse in runs.

There is at most one for each cache folder. Its container or data folder has a name that follows from that folder, so
what a killed ``up`` left behind is found again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shlex
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import docker.errors

from hil.chain.client.rpc import LedgerUnavailable, RpcClient, RpcEndpoint
from hil.chain.node import container, debian
from hil.chain.node.base import NodeDescription
from hil.chain.node.container import ContainerNode
from hil.chain.node.folders import cache_folder, lock, memory_folder
from hil.chain.node.native import NativeNode, kill_node_in
from hil.chain.node.providers import decide
from hil.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

_ANSWER_TIMEOUT = 5.0


@dataclass(frozen=True)
class Standing:
    """The persistent node.

    :param cookie: file of mode 0600 that holds user and password, as ``-rpccookiefile`` takes it.
    :param command: a bitcoin-cli command line that reaches it, in shell syntax; shows no password.
    :param environment: settings by which a run uses this node.
    """

    description: NodeDescription
    endpoint: RpcEndpoint
    cookie: Path
    command: str
    environment: dict[str, str]


def up(preference: str | None = None) -> Standing:
    """Start the persistent node; return the one that is up already, if any.

    :param preference: as in :func:`hil.chain.node.providers.choose`, but not ``external``.
    """
    with lock("standing"):
        present = info()
        if present is not None:
            return present
        choice = decide(preference)
        if choice.provider == "external":
            raise ConfigurationError("an external node is not ours to start", remedy="Use docker, native or auto")
        _remove(choice.provider)
        node: ContainerNode | NativeNode
        if choice.provider == "docker":
            node = ContainerNode(persistent=_name(), why=(choice.why,))
        else:
            node = NativeNode(persistent=_data_folder(), why=(choice.why,))
        node.start()
        endpoint = node.endpoint
        _write_private(_cookie(), f"{endpoint.user}:{endpoint.password}")
        state = {"host": endpoint.host, "port": endpoint.port, "description": asdict(node.describe())}
        _write_private(_state(), json.dumps(state))
        return _persistent(endpoint, node.describe())


def info() -> Standing | None:
    """Return the persistent node, None if there is none or it does not answer any more."""
    try:
        state = json.loads(_state().read_text())
        user, _, password = _cookie().read_text().partition(":")
    except FileNotFoundError:
        return None
    description = NodeDescription.from_json(state["description"])
    endpoint = RpcEndpoint(state["host"], state["port"], user, password)
    client = RpcClient(endpoint, timeout=_ANSWER_TIMEOUT)
    try:
        client.call("getblockcount")
    except LedgerUnavailable:
        return None
    finally:
        client.close()
    return _persistent(endpoint, description)


def down() -> bool:
    """Stop the persistent node and remove everything of it; tell whether there was any. May be called repeatedly."""
    with lock("standing"):
        there = _state().exists() or _data_folder().exists()
        provider = ""
        with contextlib.suppress(FileNotFoundError):
            provider = json.loads(_state().read_text())["description"]["provider"]
        there |= _remove(provider)
        for file in (_state(), _cookie()):
            file.unlink(missing_ok=True)
        return there


def _remove(provider: str) -> bool:
    """Remove what may stand under our name; a Docker daemon must answer only if the node is known to be there."""
    kill_node_in(_data_folder())
    try:
        client = container.connect()
    except ConfigurationError:
        if provider == "docker":
            raise
        return False
    try:
        client.api.remove_container(_name(), force=True, v=True)
    except docker.errors.NotFound:
        return False
    finally:
        client.close()
    return True


def _persistent(endpoint: RpcEndpoint, description: NodeDescription) -> Standing:
    reach = ["-regtest", f"-rpcconnect={endpoint.host}", f"-rpcport={endpoint.port}", f"-rpccookiefile={_cookie()}"]
    if on_path := shutil.which("bitcoin-cli"):
        command = [on_path, *reach]
    elif tree := debian.unpacked():
        command = [*tree.command("bitcoin-cli"), *reach]
    elif description.provider == "docker":
        # inside, the node's own cookie lies in its data directory
        command = ["docker", "exec", _name(), "bitcoin-cli", "-regtest", "-datadir=/data", f"-rpcport={endpoint.port}"]
    else:
        command = ["bitcoin-cli", *reach]
    environment = {
        "NODE": "external",
        "HIL_NODE_URL": f"http://{endpoint.host}:{endpoint.port}",
        "HIL_NODE_COOKIE": str(_cookie()),
    }
    return Standing(description, endpoint, _cookie(), shlex.join(command), environment)


def _name() -> str:
    return f"micropay-hil-standing-{hashlib.sha256(str(cache_folder()).encode()).hexdigest()[:12]}"


def _data_folder() -> Path:
    return memory_folder() / _name()


def _state() -> Path:
    return cache_folder() / "standing.json"


def _cookie() -> Path:
    return cache_folder() / "standing.cookie"


def _write_private(path: Path, text: str) -> None:
    """Write a file whole, readable by its owner only from its first moment on."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
