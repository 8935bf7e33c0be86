"""A bitcoind that somebody else runs: it is checked, used, and never stopped."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hil.chain.client.rpc import RpcClient, RpcEndpoint
from hil.chain.node.base import START_TIMEOUT, NodeBase, NodeDescription, guard
from hil.errors import ConfigurationError

_DEFAULT_PORT = 18443
_REMEDY = (
    "Set HIL_NODE_URL to http://host:port and either HIL_NODE_COOKIE to the path of its cookie file "
    "or HIL_NODE_USER and HIL_NODE_PASSWORD"
)


class ExternalNode(NodeBase):
    """A node at a known address; its chain must be regtest.

    :param endpoint: where it is; default: what the environment says, see :func:`endpoint_from_environment`.
    :param timeout: seconds to wait for it while it warms up.
    """

    provider = "external"

    def __init__(
        self, endpoint: RpcEndpoint | None = None, *, timeout: float = START_TIMEOUT, why: tuple[str, ...] = ()
    ) -> None:
        super().__init__(why)
        self._configured = endpoint
        self._timeout = timeout

    def start(self) -> None:
        """See :class:`hil.chain.node.base.NodeBase`; nothing is started, the node must answer."""
        endpoint = self._configured or endpoint_from_environment()
        client = RpcClient(endpoint, timeout=self._timeout)
        try:
            client.wait_until_ready(self._timeout)
            version, subversion = guard(client)
        finally:
            client.close()
        self._endpoint = endpoint
        self._description = NodeDescription(self.provider, version, subversion, notes=self.why)

    def stop(self) -> None:
        """Forget the node; it goes on."""
        self._endpoint = self._description = None


def endpoint_from_environment() -> RpcEndpoint:
    """Return the endpoint that ``HIL_NODE_URL``, ``HIL_NODE_COOKIE``, ``HIL_NODE_USER``, ``HIL_NODE_PASSWORD`` give.

    Raises ConfigurationError if they don't name an address and credentials.
    """
    url = os.environ.get("HIL_NODE_URL", "")
    if not url:
        raise ConfigurationError("no external node is named", place="HIL_NODE_URL", remedy=_REMEDY)
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORT
    except ValueError as error:
        raise ConfigurationError(f"not an address ({error})", place="HIL_NODE_URL", remedy=_REMEDY) from None
    if parts.scheme != "http" or not parts.hostname:
        # the address itself stays out of the message: it may hold a password
        raise ConfigurationError("not an address of the form http://host:port", place="HIL_NODE_URL", remedy=_REMEDY)
    if parts.username:
        return RpcEndpoint(parts.hostname, port, unquote(parts.username), unquote(parts.password or ""))
    return RpcEndpoint(parts.hostname, port, *_credentials())


def _credentials() -> tuple[str, str]:
    cookie = os.environ.get("HIL_NODE_COOKIE")
    if cookie:
        try:
            user, _, password = Path(cookie).expanduser().read_text().strip().partition(":")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"the cookie file cannot be read ({error})", place="HIL_NODE_COOKIE", remedy=_REMEDY
            ) from error
        return user, password
    user = os.environ.get("HIL_NODE_USER", "")
    if not user:
        raise ConfigurationError("no credentials for the external node", place="HIL_NODE_USER", remedy=_REMEDY)
    return user, os.environ.get("HIL_NODE_PASSWORD", "")
