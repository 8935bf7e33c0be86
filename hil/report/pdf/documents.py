"""The PDF files of a run: written on demand, since not each run is signed."""

from __future__ import annotations

from pathlib import Path

from hil.clock import utc_now
from hil.evidence.run_folder.files import MANIFEST_FILE, RUN_FILE, replace_bytes
from hil.evidence.run_folder.manifest import listed_files
from hil.report.pdf.certificate import certificate_content
from hil.report.pdf.report import report_content
from hil.report.pdf.signature import PdfSigner, sign_pdf
from hil.report.pdf.typesetting import Attached, typeset
from hil.report.run_view import RunView

CERTIFICATE_FILE = "certificate.pdf"
REPORT_PDF_FILE = "report.pdf"

_TYPES = {".jsonl": "application/jsonl", ".gz": "application/gzip", ".json": "application/json"}
"""Media types of evidence, by the end of a name."""


def write_certificate(run: RunView, folder: Path, signer: PdfSigner | None = None) -> Path:
    """Write ``certificate.pdf`` into ``folder`` and return its path; an earlier one is replaced.

    The description of the run and the manifest of its files are attached: the manifest holds the SHA-256 sum of each
    file of the evidence, so a signature of the certificate covers the evidence as well.

    :param signer: who signs it; None: it is not signed, and people may sign it on paper.

    Raises RigFault if the disk does not take it, ConfigurationError if a library is missing or a key cannot be used.
    """
    document = typeset("certificate.typ", certificate_content(run), _described(run), utc_now())
    return _write(folder / CERTIFICATE_FILE, document, signer, f"Certificate of run {run.run_id}")


def write_report(run: RunView, folder: Path, signer: PdfSigner | None = None) -> Path:
    """Write ``report.pdf`` into ``folder`` and return its path: the certificate, and each scenario.

    The evidence is attached, each scenario as it was recorded, and each file that a scenario added.
    Parameters and errors: see :func:`write_certificate`.
    """
    content, pictures = report_content(run)
    recorded = [
        Attached(path.name, path.read_bytes(), _TYPES.get(path.suffix, "application/octet-stream"), "Evidence")
        for path in listed_files(run.folder)
        if path.name != RUN_FILE and path.is_file()
    ]
    document = typeset("report.typ", content, [*_described(run), *recorded], utc_now(), pictures)
    return _write(folder / REPORT_PDF_FILE, document, signer, f"Report of run {run.run_id}")


def _described(run: RunView) -> list[Attached]:
    """Return what describes the run and its files, as far as it is there."""
    described = {
        RUN_FILE: "The run: rig, instruments, versions, verdict, digest of the evidence",
        MANIFEST_FILE: "SHA-256 sums of the files of the evidence",
    }
    return [
        Attached(name, (run.folder / name).read_bytes(), "application/json", description)
        for name, description in described.items()
        if (run.folder / name).is_file()
    ]


def _write(path: Path, document: bytes, signer: PdfSigner | None, reason: str) -> Path:
    replace_bytes(path, sign_pdf(document, signer, reason) if signer else document)
    return path
