"""XML that others wrote: no document type, so no entity is ever expanded; nothing is fetched; signatures by signxml."""

from __future__ import annotations

import base64
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hil.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES: Final = 10_000_000
"""A certificate with pictures has some megabytes."""

INSTALL: Final = "pip install 'micropay-hil[calibration]'"
XMLDSIG: Final = "{http://www.w3.org/2000/09/xmldsig#}"
SIGNATURE: Final = f"{XMLDSIG}Signature"


class Unreadable(ValueError):
    """A file is not there, or must not be read."""


class NoAuthority(ValueError):
    """The file that the rig file names as authority is not there, or holds no X.509 certificate."""


class Tampered(ValueError):
    """The signature of a file does not fit its content, or is not of the authority that the rig file names."""


def read(path: Path) -> tuple[bytes, Any]:
    """Return the bytes of a file and its root element; raises Unreadable, and ValueError for what is wrong in it."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"'{path.name}' cannot be read ({error.strerror})") from None
    if len(data) > MOST_BYTES:
        raise ValueError(f"'{path.name}' has more than {MOST_BYTES // 1_000_000} MB, which no certificate has")
    return data, parse(data, path.name)


def parse(data: bytes, name: str) -> Any:
    """Return the root element; raises ValueError for what is no XML, or has a document type."""
    etree = _lxml()
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"'{name}' is no XML ({error.msg})") from None
    if root.getroottree().docinfo.doctype:
        raise ValueError(f"'{name}' declares a document type, and with it entities; a certificate has none")
    return root


def signed_content(data: bytes, root: Any, authority: Path) -> tuple[Any, str]:
    """Return the root element that was signed, and the subject of the X.509 certificate that it was signed with.

    What is read afterwards must be this element and no other: a signature says nothing of what stands beside it.

    :param authority: X.509 certificates in PEM of those who may sign: the signer's own, or that of who issued it.
    Raises Tampered, and NoAuthority if the authority's file cannot be read.
    """
    _lxml()
    from cryptography import x509
    from signxml.exceptions import InvalidInput, InvalidSignature

    try:
        trusted = x509.load_pem_x509_certificates(authority.read_bytes())
    except OSError as error:
        raise NoAuthority(f"'{authority.name}' cannot be read ({error.strerror})") from None
    except ValueError:
        raise NoAuthority(f"'{authority.name}' holds no X.509 certificate in PEM") from None
    references = len(root.findall(f".//{SIGNATURE}//{XMLDSIG}Reference"))
    ways: list[dict[str, Any]] = [{"ca_pem_file": str(authority)}, *({"x509_cert": each} for each in trusted)]
    for keys in ways:
        with contextlib.suppress(InvalidSignature, InvalidInput, ValueError):
            whole, signature = _verified(data, keys, references, root.tag)
            own = signature.findtext(f".//{XMLDSIG}X509Certificate")
            signer = keys.get("x509_cert") or x509.load_der_x509_certificate(base64.b64decode(own))
            return whole, signer.subject.rfc4514_string()
    raise Tampered(f"its signature does not hold with the certificates in '{authority.name}'")


def is_signed(root: Any) -> bool:
    """Tell whether there is a signature right below the root."""
    return root.find(SIGNATURE) is not None


def _verified(data: bytes, keys: Mapping[str, Any], references: int, tag: str) -> tuple[Any, Any]:
    """Return the signed root and its signature; ``keys``: the signer's certificate, or a file of those who issue."""
    from signxml.verifier import SignatureConfiguration, XMLVerifier

    config = SignatureConfiguration(expect_references=max(1, references))
    results = XMLVerifier().verify(data, expect_config=config, **keys)
    for each in results if isinstance(results, list) else [results]:
        if each.signed_xml is not None and each.signed_xml.tag == tag:
            return each.signed_xml, each.signature_xml
    raise ValueError("it covers a part of the file only")


def _lxml() -> Any:
    try:
        import signxml  # noqa: F401  # brings lxml and cryptography
        from lxml import etree
    except ImportError:
        what = "a Digital Calibration Certificate needs signxml, which is not installed"
        raise ConfigurationError(what, remedy=INSTALL) from None
    return etree
