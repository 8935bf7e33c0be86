"""What a device's owner gives its program in files: the profile, and how to reach the ledger. Both hold secrets."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import ValidationError

from hil import yaml_file
from hil.chain.views.servers import ELECTRUM, NODE, LedgerServer
from hil.devices.profiles import CableProfile, DeviceProfile, SocketProfile
from hil.devices.storage.secret_files import read_secret
from hil.errors import ConfigurationError
from hil.yaml_file import Flaw

LEDGER_VARIABLE = "HIL_DEVICE_LEDGER"
"""The environment variable that may hold the ledger's URL instead of a file."""

VIEW_VARIABLE = "HIL_DEVICE_LEDGER_VIEW"
"""The environment variable that may name the view of the ledger instead of the option."""

_ANY_ACCOUNT = "00" * 16

PROFILES: Mapping[str, type[DeviceProfile]] = {"socket": SocketProfile, "cable": CableProfile}


def read_profile(role: str, path: str) -> dict[str, object]:
    """Return the profile of ``role`` from a YAML file, ``-`` for standard input, checked.

    Raises ConfigurationError that names every mistake with ``file:line:col``; no value is quoted, it may be the
    account. A file that others can read is refused. The account may be left out: then it is the storage's.
    """
    place, document = _read(path, f"a profile is a mapping; it sets {', '.join(_known(role))}")
    profile = {str(name): yaml_file.plain(value) for name, value in document.items()}
    try:
        PROFILES[role].model_validate({"account": _ANY_ACCOUNT, **profile})
    except ValidationError as error:
        wrong = yaml_file.mistakes(error, PROFILES[role], profile, secret=True)
        flaws = [str(Flaw.at(place, document, keys, yaml_file.told(keys, what))) for keys, what in wrong]
        raise ConfigurationError("\n".join(flaws), remedy=f"Mend the profile of the {role}.") from None
    return profile


def read_document(path: str) -> dict[str, object]:
    """Return the profile of a program of one's own, whatever its keys are; raises ConfigurationError likewise."""
    _, document = _read(path, "a profile is a mapping")
    return {str(name): yaml_file.plain(value) for name, value in document.items()}


def _read(path: str, otherwise: str) -> tuple[str, Mapping[Any, Any]]:
    """Return the place and the mapping in a file, ``-`` for standard input."""
    text = read_secret(path)
    place = "standard input" if path == "-" else path
    document = yaml_file.parse(text, place)
    if not isinstance(document, Mapping):
        raise ConfigurationError(otherwise, place=f"{place}:1:1")
    return place, document


URLS = {NODE: "http://USER:PASSWORD@HOST:PORT", ELECTRUM: "tcp://HOST:PORT"}
"""How a file names the server that a view of the ledger asks."""


def read_ledger(path: str | None, asks: str = NODE) -> LedgerServer | None:
    """Return the server of a view from a file or from the environment; None if neither says one.

    Either holds one URL, as ``URLS`` has it for what the view asks. The host must be this machine: all goes in
    clear. Raises ConfigurationError; the URL is never quoted. The variable is taken out of the environment.
    """
    from_environment = os.environ.pop(LEDGER_VARIABLE, None)
    if path is None and from_environment is None:
        return None
    place = path or LEDGER_VARIABLE
    text = read_secret(path) if path is not None else from_environment or ""
    try:
        url = urlsplit(text.strip())
        host, port, user, password = url.hostname, url.port, url.username, url.password
    except ValueError:
        host = port = user = password = None
    as_asked = bool(user and password) and url.scheme == "http" if asks == NODE else url.scheme == "tcp" and not user
    if not host or not port or not as_asked:
        raise ConfigurationError(f"must be one URL, {URLS[asks]}", place=place)
    if host != "localhost" and not _is_loopback(host):
        what = "the password" if asks == NODE else "every question"
        raise ConfigurationError(
            f"'{host}' is another machine, and {what} would go there in clear",
            place=place,
            remedy="Let an encrypted tunnel end on this machine, e.g. ssh -L, and name that.",
        )
    return LedgerServer(host, port, unquote(user or ""), unquote(password or ""))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _known(role: str) -> list[str]:
    return sorted(PROFILES[role].model_fields)
