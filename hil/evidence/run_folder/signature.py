"""The signature of a run folder: detached Ed25519 over the manifest, and optionally a time stamp (RFC 3161) over that.

Both are files beside the manifest that other programs can check:
``openssl pkeyutl -verify -rawin -pubin -inkey PUB -in manifest.json -sigfile manifest.json.sig`` and
``openssl ts -verify -token_in -in manifest.json.tst -data manifest.json.sig -CAfile ROOT``.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.errors import ConfigurationError, RigFault
from hil.evidence.run_folder.files import MANIFEST_FILE, on_disk, replace_bytes
from hil.evidence.run_folder.manifest import SIGNATURE_FILE, TIME_STAMP_FILE
from hil.evidence.run_folder.token_key import INSTALL, TokenKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def make_key(path: Path) -> Path:
    """Write a new private key to ``path``, for its owner only, and the public key beside it; return the latter's path.

    Raises ConfigurationError if one of the files is there already, RigFault if the disk does not take it.
    """
    serialization = _serialization()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = path.with_name(f"{path.name}.pub")
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    told = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    _write_new(path, secret, 0o600)
    _write_new(public, told, 0o644)
    return public


def _write_new(file: Path, content: bytes, mode: int) -> None:
    try:
        with on_disk(file), os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
            opened.write(content)
    except RigFault as error:
        if isinstance(error.__cause__, FileExistsError):
            raise ConfigurationError(
                "this file is there already", place=str(file), remedy="Name another one: a key is never replaced."
            ) from None
        raise


def write_public_key(key: TokenKey, path: Path) -> Path:
    """Write the public key of a token's key to a new file, PEM; errors: see :func:`make_key`."""
    serialization = _serialization()
    told = key.public().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    _write_new(path, told, 0o644)
    return path


def sign(folder: Path, key: Path | TokenKey, time_stamps: str | None = None) -> list[Path]:
    """Sign the manifest of a run folder; return the files that were written. Earlier ones are replaced.

    :param key: file with the private key, Ed25519, PEM (PKCS#8), not encrypted; or a key on a token.
    :param time_stamps: URL of a time stamp authority (RFC 3161); None: no time stamp.

    Raises ConfigurationError if key or manifest cannot be used or the authority gives no time stamp.
    """
    signer = key if isinstance(key, TokenKey) else _private_key(key)
    signature = signer.sign(_content(folder / MANIFEST_FILE))
    stamp = None if time_stamps is None else _time_stamp(signature, time_stamps)
    (folder / TIME_STAMP_FILE).unlink(missing_ok=True)  # an earlier one is over the earlier signature
    written = [replace_bytes(folder / SIGNATURE_FILE, signature)]
    if stamp is not None:
        written.append(replace_bytes(folder / TIME_STAMP_FILE, stamp))
    return written


def signature_faults(folder: Path, key: Path) -> list[str]:
    """Return in sentences why the manifest is not signed by this key; empty if it is.

    :param key: file with the public key or the X.509 certificate of the signer, PEM.
    """
    from cryptography.exceptions import InvalidSignature

    public = public_key(key)
    if not (folder / SIGNATURE_FILE).is_file():
        return [f"{SIGNATURE_FILE} is missing: the run is not signed."]
    try:
        public.verify(_content(folder / SIGNATURE_FILE), _content(folder / MANIFEST_FILE))
    except InvalidSignature:
        return [f"{SIGNATURE_FILE} is no signature of {MANIFEST_FILE} by the key in {key.name}."]
    return []


def stamped_at(folder: Path, authority: Path) -> datetime | str:
    """Return when the signature was stamped, or in a sentence why the time stamp does not hold.

    :param authority: file with the root certificate of the time stamp authority, PEM.
    """
    _pyhanko()
    from asn1crypto import cms
    from pyhanko.keys import load_certs_from_pemder_data
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
    from pyhanko_certvalidator import ValidationContext

    if not (folder / TIME_STAMP_FILE).is_file():
        return f"{TIME_STAMP_FILE} is missing: the signature has no time stamp."
    signature = _content(folder / SIGNATURE_FILE)
    try:
        roots = list(load_certs_from_pemder_data(_content(authority)))
    except ValueError:
        raise ConfigurationError("is no certificate in PEM", place=str(authority)) from None
    try:
        token = cms.ContentInfo.load(_content(folder / TIME_STAMP_FILE), strict=True)["content"]
        moment: datetime = token["encap_content_info"]["content"].parsed["gen_time"].native
        context = ValidationContext(trust_roots=roots, moment=moment, allow_fetching=False)
        status = asyncio.run(
            validate_tst_signed_data(token, context, lambda name: hashlib.new(name, signature).digest())
        )
    except (SignatureValidationError, ValueError, TypeError, KeyError, AttributeError) as error:
        return f"{TIME_STAMP_FILE} is no time stamp ({type(error).__name__})."
    if not (status["intact"] and status["valid"]):
        return f"{TIME_STAMP_FILE} is no time stamp of {SIGNATURE_FILE}."
    if status["trust_problem_indic"] is not None:
        return f"{TIME_STAMP_FILE} was not made by the authority in {authority.name}."
    return moment


def public_key(path: Path) -> Ed25519PublicKey:
    """Return the public key in a PEM file, which may be an X.509 certificate; raises ConfigurationError."""
    serialization = _serialization()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.x509 import load_pem_x509_certificate

    content = _content(path)
    try:
        key = (
            load_pem_x509_certificate(content).public_key()
            if b"BEGIN CERTIFICATE" in content
            else serialization.load_pem_public_key(content)
        )
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError(
            "is no public key or certificate of Ed25519 in PEM", place=str(path), remedy="hil keygen FILE makes keys."
        )
    return key


def _private_key(path: Path) -> Ed25519PrivateKey:
    serialization = _serialization()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        key = serialization.load_pem_private_key(_content(path), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(
            "is no private key of Ed25519 in PEM (PKCS#8) without a passphrase",
            place=str(path),
            remedy="hil keygen FILE makes keys.",
        )
    return key


def _time_stamp(signature: bytes, url: str) -> bytes:
    _pyhanko()
    from pyhanko.sign.timestamps import HTTPTimeStamper, TimestampRequestError

    stamper = HTTPTimeStamper(url, timeout=20)
    try:
        token = asyncio.run(stamper.async_timestamp(hashlib.sha512(signature).digest(), "sha512"))
    except (OSError, TimestampRequestError, ValueError) as error:
        raise ConfigurationError(
            f"the time stamp authority gave no time stamp ({error})",
            place=url,
            remedy="Check the address, or sign without --time-stamps.",
        ) from error
    dumped: bytes = token.dump()
    return dumped


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", place=str(path)) from error


def _serialization() -> Any:
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError:
        raise ConfigurationError(
            "a signature needs the library 'cryptography', which is not installed", remedy=INSTALL
        ) from None
    return serialization


def _pyhanko() -> None:
    try:
        import pyhanko.sign  # noqa: F401
    except ImportError:
        raise ConfigurationError("a time stamp needs pyHanko, which is not installed", remedy=INSTALL) from None
