"""The signature of a PDF: PAdES baseline B (ETSI EN 319 142-1), or B-T with a time stamp, by pyHanko (extra ``pdf``).

The certificate says who signed. Whether to trust it is the reader's to decide; a certificate of one's own making
shows only that the document was not changed since.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

FIELD = "Signature"
"""The name of the signature field."""


@dataclass(frozen=True)
class PdfSigner:
    """Who signs.

    :param key: file with the private key, PEM (PKCS#8), not encrypted.
    :param certificate: file with the X.509 certificate of that key, PEM; certificates of its issuers may follow it.
    :param time_stamps: URL of a time stamp authority (RFC 3161); None: the signature holds no time stamp.
    """

    key: Path
    certificate: Path
    time_stamps: str | None = None


def sign_pdf(document: bytes, signer: PdfSigner, reason: str) -> bytes:
    """Return the document with a signature added; what was there before stays as it is, byte for byte.

    Raises ConfigurationError if pyHanko is not installed, the key or the certificate cannot be used together, or the
    time stamp authority does not answer.
    """
    _pyhanko()
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, signers, timestamps
    from pyhanko.sign.fields import SigSeedSubFilter

    loaded = _load(signer)
    stamps = timestamps.HTTPTimeStamper(signer.time_stamps, timeout=20) if signer.time_stamps else None
    metadata = PdfSignatureMetadata(
        field_name=FIELD,
        reason=reason,
        subfilter=SigSeedSubFilter.PADES,
        md_algorithm="sha512",
    )
    signed = io.BytesIO()
    try:
        signers.PdfSigner(metadata, loaded, timestamper=stamps).sign_pdf(
            IncrementalPdfFileWriter(io.BytesIO(document)), output=signed
        )
    except (OSError, timestamps.TimestampRequestError) as error:
        raise ConfigurationError(
            f"the time stamp authority gave no time stamp ({error})",
            place=signer.time_stamps,
            remedy="Check the address, or sign without --time-stamps.",
        ) from error
    return signed.getvalue()


def _load(signer: PdfSigner) -> Any:
    from pyhanko.sign.signers import SimpleSigner

    for path in (signer.key, signer.certificate):
        try:
            path.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"cannot be read: {error.strerror}", place=str(path)) from error
    unusable = ConfigurationError(
        "is no private key in PEM (PKCS#8), or the certificate is none",
        place=str(signer.key),
        remedy=f"The certificate was read from {signer.certificate}.",
    )
    load: Callable[..., SimpleSigner | None] = SimpleSigner.load
    try:
        loaded = load(str(signer.key), str(signer.certificate))
    except (ValueError, TypeError) as error:
        raise unusable from error
    if loaded is None or loaded.signing_cert is None:
        raise unusable
    if _public_key_of(loaded) != loaded.signing_cert.public_key.dump():
        raise ConfigurationError(
            "is the certificate of another key", place=str(signer.certificate), remedy=f"The key is {signer.key}."
        )
    return loaded


def _public_key_of(loaded: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

    key = load_der_private_key(loaded.signing_key.dump(), password=None)
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _pyhanko() -> ModuleType:
    try:
        import pyhanko.sign
    except ImportError:
        raise ConfigurationError(
            "a signed PDF needs pyHanko, which is not installed", remedy="pip install 'micropay-hil[pdf]'"
        ) from None
    return pyhanko.sign
