"""The certificate: what it says, that it is a PDF of the claimed profiles, and that foreign text stays text."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pypdf import PdfReader

from hil.clock import utc_now
from hil.errors import FrameworkError
from hil.evidence.run_folder.notes import Note
from hil.report.certificate import Amendment
from hil.report.pdf.certificate import certificate_content
from hil.report.pdf.documents import write_certificate
from hil.report.pdf.typesetting import Attached, typeset
from hil.report.run_view import RunView
from hil.report.text_format import NOT_STATED

HOSTILE = '</script> #read("/etc/passwd") *bold* \x00 \x1b[31m \u202e \ue000 \U000e0041 語 \U0001f35e'


@pytest.fixture
def certificate(view: RunView, tmp_path: Path) -> Path:
    return write_certificate(view, tmp_path)


def pages_of(path: Path) -> list[str]:
    """Return the text of each page, with single spaces."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(path).pages]


def text_of_pdf(path: Path) -> str:
    return " ".join(pages_of(path))


def names_attached(path: Path) -> dict[str, bytes]:
    root = PdfFileReader(io.BytesIO(path.read_bytes())).root
    names = root["/Names"]["/EmbeddedFiles"]["/Names"]
    return {str(names[at]): names[at + 1]["/EF"]["/F"].data for at in range(0, len(names), 2)}


def test_the_certificate_tells_verdict_items_requirements_and_who_signs(certificate: Path, view: RunView) -> None:
    text = text_of_pdf(certificate)
    assert view.verdict is not None
    assert view.verdict.value.upper() in text
    for expected in ("REQ-CUT-1", "REQ-BOOT-1", "IT8615", "certificate C-2031-118", "Performed by", "Authorised by"):
        assert expected in text
    assert "Results relate only to the items tested." in text


def test_each_page_names_the_run_and_counts_the_pages(certificate: Path, view: RunView) -> None:
    pages = pages_of(certificate)
    assert 2 <= len(pages) <= 4
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert f"Run {view.run_id}" in page


def test_it_claims_and_tags_both_profiles(certificate: Path) -> None:
    root = PdfFileReader(io.BytesIO(certificate.read_bytes())).root
    metadata = root["/Metadata"].data.decode()
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root


def test_description_and_manifest_of_the_run_are_attached(certificate: Path, view: RunView) -> None:
    files = names_attached(certificate)
    assert files["run.json"] == (view.folder / "run.json").read_bytes()
    assert set(json.loads(files["manifest.json"])) == set(json.loads((view.folder / "manifest.json").read_text()))


def test_a_virtual_rig_is_told_on_the_first_page(certificate: Path) -> None:
    assert "They say nothing about any physical device." in pages_of(certificate)[0]


def test_fields_that_were_left_empty_are_listed_and_not_printed_as_a_dash(view: RunView) -> None:
    missing = ["Laboratory (7.8.2.1 b)", "Name of the person: Performed by (7.8.2.1 o)"]
    said = [("Laboratory", NOT_STATED), ("Place", None), ("Customer", "Toast & Sons"), ("Order", " - ")]
    content = certificate_content(replace(view, identification=said, not_stated=missing))
    assert content["identification"] == [
        ("Laboratory", None),
        ("Place", None),
        ("Customer", "Toast & Sons"),
        ("Order", None),
    ]
    assert content["empty-fields"] == missing


def test_an_amendment_tells_what_it_replaces(view: RunView) -> None:
    content = certificate_content(replace(view, amendment=Amendment("2", "run 7f3a", "serial number corrected")))
    assert content["amendments"] == [["2", "run 7f3a", "serial number corrected"]]
    assert certificate_content(view)["amendments"] == []


def test_the_closest_measurements_are_those_with_least_room_and_no_counts(view: RunView) -> None:
    rows = certificate_content(view)["closest"]
    names = [row[0] for row in rows]
    assert len(names) == len(set(names))
    assert "transactions on chain" not in names
    assert "power-on to first accepted payment" in names


def test_foreign_text_stays_text(view: RunView, tmp_path: Path) -> None:
    hostile = replace(view, title=HOSTILE, remarks=HOSTILE, deviations=[HOSTILE], run_id=HOSTILE)
    text = text_of_pdf(write_certificate(hostile, tmp_path))
    assert '#read("/etc/passwd") *bold*' in text
    for shown in ("⟨U+0000⟩", "⟨U+001B⟩", "⟨U+202E⟩", "⟨U+E000⟩", "⟨U+8A9E⟩", "⟨U+1F35E⟩"):
        assert shown in text


def test_a_megabyte_line_is_shortened_and_says_so(view: RunView, tmp_path: Path) -> None:
    path = write_certificate(replace(view, remarks="x" * 1_000_000), tmp_path)
    assert "… (1000000 characters; the evidence file holds them all)" in text_of_pdf(path)


def test_many_warnings_and_deviations_do_not_make_it_longer_than_four_pages(view: RunView, tmp_path: Path) -> None:
    many = [f"Scenario {number} was not carried out, since this bench cannot offer it" for number in range(500)]
    path = write_certificate(replace(view, warnings=many, deviations=many), tmp_path)
    assert len(pages_of(path)) <= 4
    assert "The report of this run lists 494 more deviations." in text_of_pdf(path)


def test_a_template_that_cannot_be_typeset_is_our_own_mistake() -> None:
    with pytest.raises(FrameworkError, match="cannot be typeset"):
        typeset("certificate.typ", {}, [Attached("a", b"a", "text/plain", "a file")], utc_now())


def test_a_word_of_300_letters_is_broken_and_stays_within_the_page(view: RunView, tmp_path: Path) -> None:
    word = "W" * 300
    device = replace(view.devices[0], description=word, serial=word, firmware=word)
    note = Note("2031-05-17T09:30:00+00:00", word, word)
    path = write_certificate(replace(view, devices=[device], notes=[note], remarks=word), tmp_path)
    text = "\n".join(page.extract_text() for page in PdfReader(path).pages)
    assert max(map(len, re.findall("W+", text))) < 60  # as many as fit between the margins
    assert text.count("W") >= 6 * len(word)
    assert "\u200b" not in text


def test_a_text_that_is_longer_than_a_page_goes_on_on_the_next(view: RunView, tmp_path: Path) -> None:
    device = replace(view.devices[0], serial="W" * 2000)
    path = write_certificate(replace(view, devices=[device]), tmp_path)
    letters = [page.extract_text().count("W") for page in PdfReader(path).pages]
    assert sum(letters) >= 2000
    assert max(letters) < 1000  # a page has room for fewer lines of this narrow column
