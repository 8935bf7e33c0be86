"""The signature of a PDF: valid, of the given person, and broken by each changed byte."""

from __future__ import annotations

import contextlib
import io
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from hil.errors import ConfigurationError
from hil.report.pdf.documents import write_certificate
from hil.report.pdf.signature import FIELD, PdfSigner, sign_pdf
from hil.report.run_view import RunView
from hil.tests.time_stamps import time_stamp_authority

KEYS = {
    "RSA": ["-newkey", "rsa:2048"],
    "ECDSA": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "Ed25519": ["-newkey", "ed25519"],
}


def keys(folder: Path, kind: str = "Ed25519", name: str = "Ann Example") -> PdfSigner:
    """Make a private key and a certificate of its own with OpenSSL."""
    key, certificate = folder / f"{name}.key.pem", folder / f"{name}.pem"
    command = ["openssl", "req", "-x509", *KEYS[kind], "-nodes", "-days", "30", "-subj", f"/CN={name}"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return PdfSigner(key, certificate)


def holds(document: bytes, signer: PdfSigner) -> bool:
    """Tell whether the document has one signature, of this signer, over all that stands in it."""
    (signature,) = PdfFileReader(io.BytesIO(document)).embedded_signatures
    assert signature.field_name == FIELD
    context = ValidationContext(trust_roots=list(load_certs_from_pemder_data(signer.certificate.read_bytes())))
    return bool(validate_pdf_signature(signature, context).bottom_line)


@pytest.fixture(scope="session")
def signed(tmp_path_factory: pytest.TempPathFactory, view: RunView) -> tuple[bytes, PdfSigner]:
    folder = tmp_path_factory.mktemp("signed")
    signer = keys(folder)
    return write_certificate(view, folder, signer).read_bytes(), signer


@pytest.mark.parametrize("kind", KEYS)
def test_a_signature_holds_with_each_kind_of_key(kind: str, tmp_path: Path, view: RunView) -> None:
    signer = keys(tmp_path, kind)
    assert holds(write_certificate(view, tmp_path, signer).read_bytes(), signer)


def test_the_document_stays_as_it_was_before_the_signature(tmp_path: Path, view: RunView) -> None:
    before = write_certificate(view, tmp_path).read_bytes()
    assert sign_pdf(before, keys(tmp_path), "a reason").startswith(before)


def test_a_signature_of_another_person_is_not_taken_for_it(signed: tuple[bytes, PdfSigner], tmp_path: Path) -> None:
    assert not holds(signed[0], keys(tmp_path, name="Bob Example"))


@given(st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_each_changed_byte_of_the_document_breaks_it(signed: tuple[bytes, PdfSigner], data: st.DataObject) -> None:
    document, signer = signed
    covered = document.index(b"/Contents <")
    at = data.draw(st.integers(0, covered - 1))
    changed = bytearray(document)
    changed[at] ^= data.draw(st.integers(1, 255))
    # what is no longer a PDF, or has no such signature, does not hold either
    with contextlib.suppress(PdfReadError, ValueError, OSError):
        assert not holds(bytes(changed), signer)


def test_a_certificate_of_another_key_is_refused(tmp_path: Path) -> None:
    ann, bob = keys(tmp_path), keys(tmp_path, name="Bob Example")
    with pytest.raises(ConfigurationError, match="certificate of another key"):
        sign_pdf(b"", PdfSigner(ann.key, bob.certificate), "a reason")


@pytest.mark.parametrize(
    "content", [b"", b"no key at all", b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_refused_with_its_file(tmp_path: Path, content: bytes) -> None:
    signer = keys(tmp_path)
    signer.key.write_bytes(content)
    with pytest.raises(ConfigurationError, match="no private key") as caught:
        sign_pdf(b"", signer, "a reason")
    assert caught.value.place == str(signer.key)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        sign_pdf(b"", PdfSigner(tmp_path / "none.pem", tmp_path / "none.pem"), "a reason")


def test_a_time_stamp_tells_when_the_pdf_was_signed(tmp_path: Path, view: RunView) -> None:
    with time_stamp_authority(tmp_path / "tsa") as authority:
        signer = replace(keys(tmp_path), time_stamps=authority.url)
        document = write_certificate(view, tmp_path, signer).read_bytes()
    (signature,) = PdfFileReader(io.BytesIO(document)).embedded_signatures
    roots = [path.read_bytes() for path in (signer.certificate, authority.root)]
    context = ValidationContext(trust_roots=list(load_certs_from_pemder_data(b"\n".join(roots))))
    status = validate_pdf_signature(signature, context, context)
    assert status.bottom_line
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.trusted


def test_an_authority_that_does_not_answer_is_told_and_no_document_is_written(tmp_path: Path, view: RunView) -> None:
    with time_stamp_authority(tmp_path / "tsa") as authority:
        url = authority.url
    with pytest.raises(ConfigurationError, match="gave no time stamp"):
        write_certificate(view, tmp_path, replace(keys(tmp_path), time_stamps=url))
    assert not (tmp_path / "certificate.pdf").exists()
