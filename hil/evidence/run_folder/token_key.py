"""A private key that never leaves its token (smart card, HSM): PKCS#11, named by a URI of RFC 7512.

``pkcs11:token=LABORATORY;object=SIGNER?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/pin``. Without
``pin-source`` the PIN comes from the environment variable ``HIL_PKCS11_PIN``; it never stands in a command line, which
every user of the machine can read.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from hil.errors import ConfigurationError, nearest

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SCHEME: Final = "pkcs11:"
PIN_VARIABLE: Final = "HIL_PKCS11_PIN"
INSTALL: Final = "pip install 'micropay-hil[sign]'"

_KNOWN: Final = ("token", "object", "type", "module-path", "pin-source")
_PUBLIC_KEY_BYTES: Final = 32


@dataclass(frozen=True)
class TokenKey:
    """A key pair of Ed25519 on a token.

    :param uri: as it was given, for messages.
    :param module: library of the token's maker.
    :param pin_file: file with the PIN; None: it is in the environment.
    """

    uri: str
    module: str
    token: str
    label: str
    pin_file: Path | None

    @classmethod
    def of(cls, uri: str) -> TokenKey:
        """Read the URI; raises ConfigurationError for one that names no token, key or module."""
        path, _, query = uri.removeprefix(SCHEME).partition("?")
        given: dict[str, str] = {}
        for part in filter(None, [*path.split(";"), *query.split("&")]):
            name, _, value = part.partition("=")
            if name == "pin-value":
                raise ConfigurationError(
                    "the PIN must not stand in a command line",
                    place=SCHEME,
                    remedy=f"Use pin-source=file:FILE or the environment variable {PIN_VARIABLE}.",
                )
            if name not in _KNOWN:
                raise ConfigurationError(f"'{name}' is not known{nearest(name, _KNOWN)}", place=uri)
            given[name] = unquote(value)
        missing = [name for name in ("token", "object", "module-path") if not given.get(name)]
        if missing:
            raise ConfigurationError(
                f"names no {' and no '.join(missing)}",
                place=uri,
                remedy="Write pkcs11:token=NAME;object=LABEL?module-path=LIBRARY.",
            )
        source = given.get("pin-source")
        file = Path(source.removeprefix("file:")) if source else None
        return cls(uri, given["module-path"], given["token"], given["object"], file)

    def sign(self, content: bytes) -> bytes:
        """Return the signature (RFC 8032) that the token makes of ``content``; raises ConfigurationError."""
        with self._opened() as (session, pkcs11):
            key = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=self.label)
            return bytes(key.sign(content, mechanism=pkcs11.Mechanism.EDDSA))

    def public(self) -> Ed25519PublicKey:
        """Return the public key of the pair; raises ConfigurationError."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        with self._opened() as (session, pkcs11):
            key = session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, label=self.label)
            return Ed25519PublicKey.from_public_bytes(bytes(key[pkcs11.Attribute.EC_POINT])[-_PUBLIC_KEY_BYTES:])

    @contextlib.contextmanager
    def _opened(self) -> Iterator[tuple[Any, Any]]:
        try:
            import pkcs11
        except ImportError:
            raise ConfigurationError(
                "a key on a token needs python-pkcs11, which is not installed", remedy=INSTALL
            ) from None
        try:
            token = pkcs11.lib(self.module).get_token(token_label=self.token)
            with token.open(user_pin=self._pin()) as session:
                yield session, pkcs11
        except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
            what = str(error) or type(error).__name__
            raise ConfigurationError(
                f"the token gives no signature ({what})",
                place=self.uri,
                remedy="Check the module, the name of the token, the label of the key (Ed25519), and the PIN.",
            ) from error

    def _pin(self) -> str:
        if self.pin_file is None:
            pin = os.environ.get(PIN_VARIABLE)
            if not pin:
                raise ConfigurationError(
                    "no PIN is given", place=self.uri, remedy=f"Add pin-source=file:FILE or set {PIN_VARIABLE}."
                )
            return pin
        try:
            return self.pin_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"the PIN cannot be read ({error})", place=str(self.pin_file)) from error
