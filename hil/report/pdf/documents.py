"""The PDF files of a run: written on demand, since not each run is signed."""

from __future__ import annotations

from pathlib import Path

from hil.clock import utc_now
from hil.evidence.store import MANIFEST_FILE, RUN_FILE, on_disk
from hil.report.pdf.certificate import certificate_content
from hil.report.pdf.signature import PdfSigner, sign_pdf
from hil.report.pdf.typesetting import Attached, typeset
from hil.report.run_view import RunView

CERTIFICATE_FILE = "certificate.pdf"


def write_certificate(run: RunView, folder: Path, signer: PdfSigner | None = None) -> Path:
    """Write ``certificate.pdf`` into ``folder`` and return its path; an earlier one is replaced.

    The description of the run and the manifest of its files are attached: the manifest holds the SHA-256 sum of each
    file of the evidence, so a signature of the certificate covers the evidence as well.

    :param signer: who signs it; None: it is not signed, and people may sign it on paper.

    Raises RigFault if the disk does not take it, ConfigurationError if a library is missing or a key cannot be used.
    """
    attached = [
        Attached(name, (run.folder / name).read_bytes(), "application/json", description)
        for name, description in (
            (RUN_FILE, "The run: rig, instruments, versions, verdict, digest of the evidence"),
            (MANIFEST_FILE, "SHA-256 sums of the files of the evidence"),
        )
        if (run.folder / name).is_file()
    ]
    document = typeset("certificate.typ", certificate_content(run), attached, utc_now())
    if signer is not None:
        document = sign_pdf(document, signer, f"Certificate of run {run.run_id}")
    path = folder / CERTIFICATE_FILE
    _replace(path, document)
    return path


def _replace(path: Path, content: bytes) -> None:
    """Write ``path`` anew, whole or not at all."""
    temporary = path.with_suffix(".tmp")
    with on_disk(path):
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
