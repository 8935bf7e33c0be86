"""Instruments that can be reached only through ssh: by an exporter in isolated mode, or by ``LG_PROXY``.

labgrid's own drivers of serial ports and Modbus coils ask its proxy manager for the way to a resource; so do the
instruments here, if they are VISA over a socket, which is one TCP port as ssh forwards it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hil.errors import ConfigurationError, RigFault

if TYPE_CHECKING:
    from labgrid.resource.common import NetworkResource

REMEDY: Final = "Use a resource TCPIP::HOST::PORT::SOCKET, or a VPN between the machines."


def reachable(instrument: Any) -> str:
    """Return the VISA resource by which an instrument is reached from here, through ssh if its exporter demands it.

    Raises ConfigurationError for a resource that ssh cannot carry, RigFault if ssh cannot connect.
    """
    from labgrid.util.proxy import proxymanager

    required = getattr(instrument, "extra", {}).get("proxy_required")
    if not (required or proxymanager._force_proxy):
        return str(instrument.resource)
    scheme, *rest = str(instrument.resource).split("::")
    if not (scheme.upper().startswith("TCPIP") and len(rest) == 3 and rest[2].upper() == "SOCKET"):
        raise ConfigurationError(
            f"{instrument.resource} cannot be reached through ssh, which forwards one TCP port",
            place=str(instrument.name),
            remedy=REMEDY,
        )
    host, port, ending = rest
    try:
        through = proxymanager.get_host_and_port(_network_resource(instrument, host), force_port=int(port))
    except Exception as error:  # labgrid raises what ssh, subprocess and its own checks do
        raise RigFault(
            f"no way to {host}:{port} through ssh ({error})",
            place=str(instrument.name),
            remedy="Try ssh to the host of its exporter by hand, without a password.",
        ) from error
    return "::".join((scheme, *map(str, through), ending))


def _network_resource(instrument: Any, host: str) -> NetworkResource:
    """Return the instrument's address in the form that labgrid's proxy manager takes."""
    from labgrid.resource.common import NetworkResource

    resource = NetworkResource(target=None, name=instrument.name, host=host)
    resource.extra = getattr(instrument, "extra", {})
    return resource
