"""The evidence format, from the documents that are written."""

from __future__ import annotations

import re

from hil.evidence.documents import Event, Kind
from hil.evidence.run_folder import files as names
from hil.evidence.run_folder.manifest import SIGNATURE_FILE, TIME_STAMP_FILE
from hil.report.html.page import ANNEX_FILE, REPORT_FILE
from hil.report.junit import JUNIT_FILE
from hil.report.pdf.documents import CERTIFICATE_FILE, REPORT_PDF_FILE
from hil.tests.docs.markdown import table, text_of

_KIND = re.compile(r"^- ([A-Z]+)(.*?)(?=^- [A-Z]+|\Z)", re.MULTILINE | re.DOTALL)


def kinds() -> str:
    """Return what each kind of event tells, and the keys of its data."""
    told = {name: text_of(text).lstrip(":, ") for name, text in _KIND.findall(_dedented(Kind.__doc__ or ""))}
    return table(("kind", "what its `data` holds"), [(f"`{kind.value}`", told[kind.name]) for kind in Kind])


def event() -> str:
    """Return the keys of a line, from an event as it is written."""
    line = {**Event(Kind.READING, 0.0, "meter").canonical(), "host": {}}
    told = {
        "kind": "What the event tells: see below.",
        "t": "Seconds since the scenario began, by `clock`, to a microsecond.",
        "bounds": "Two numbers in seconds: by how much earlier, and by how much later, it may have happened.",
        "clock": "`virtual`, `wall`, or `none` for a scenario that never had the bench.",
        "source": "Who observed it: `meter`, `K1`, `socket-link`, `ledger`, `bench` …",
        "data": "What was observed.",
        "host": "Optional: what belongs to the machine (wall times, ports, paths). Not part of the digests.",
    }
    return table(("key", "meaning"), [(f"`{key}`", told[key]) for key in line])


def files() -> str:
    """Return what a run folder holds."""
    rows = [
        (names.RUN_FILE, "The run: rig, instruments, node, seed, versions, verdict, scenarios, digests."),
        (
            f"{names.SCENARIOS}/NNNN-name{names.SCENARIO_SUFFIX}",
            "One scenario, one event a line; gzip.",
        ),
        (
            names.MANIFEST_FILE,
            "SHA-256 sums of all files but the reports, and of the manifest before.",
        ),
        (REPORT_FILE, "The report, one file; written anew by `hil report`."),
        (ANNEX_FILE, "Each scenario in full, without a script; written by `hil report --annex`."),
        (JUNIT_FILE, "The same for CI."),
        (CERTIFICATE_FILE, "The pages that a person signs; written by `hil report --certificate`."),
        (REPORT_PDF_FILE, "Certificate and scenarios, with the evidence attached; written by `hil report --pdf`."),
        (names.REPORT_SUMS_FILE, "SHA-256 sums of the reports, as they were written last."),
        (SIGNATURE_FILE, "The signature of the manifest; written by `hil sign`."),
        (TIME_STAMP_FILE, "The time stamp of the signature, if one was asked for."),
        ("attachments/", "Files that scenarios added."),
        (names.NOTES_FILE, "What people wrote about the run after it had ended (`hil note`)."),
        (names.SAFE_STATE_FILES, "What a watchdog did, if one had to act."),
    ]
    return table(("file", "content"), [(f"`{name}`", text) for name, text in rows])


def _dedented(docstring: str) -> str:
    return re.sub(r"^ {4}", "", docstring, flags=re.MULTILINE)
