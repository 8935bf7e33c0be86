"""The report as a person uses it: filter, links, back, keyboard, zoom, narrow and dark screens, paper, no script."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from hil.report.html.page import write_html
from hil.tests.report.browser.conftest import Open
from hil.tests.report.conftest import view

Axe = Callable[[Page], list[str]]


def shown(page: Page) -> list[str]:
    return page.locator("table.index tbody tr:visible td:first-child").all_inner_texts()


def span(page: Page) -> tuple[float, float]:
    plot = page.locator("#viewer .live-plot")
    return float(plot.get_attribute("data-from") or "nan"), float(plot.get_attribute("data-to") or "nan")


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def test_the_index_is_filtered_by_text_of_names_steps_and_measurements(report: Path, open_page: Open) -> None:
    page = open_page(report)
    expect(page.locator("#found")).to_have_text("45 of 45 scenarios")
    text = page.get_by_label("Text")
    text.fill("STRANGER")
    expect(page.locator("#found")).to_have_text("1 of 45 scenarios")
    assert shown(page) == ["3"]
    text.fill("step of row 17")
    expect(page.locator("#found")).to_have_text("1 of 45 scenarios")
    assert shown(page) == ["17"]
    text.fill("zero current")
    expect(page.locator("#found")).to_have_text("3 of 45 scenarios")
    assert shown(page) == ["2", "3", "5"]
    page.get_by_role("button", name="Show all").click()
    expect(page.locator("#found")).to_have_text("45 of 45 scenarios")


def test_the_index_is_filtered_by_verdict_requirement_and_tag_at_once(report: Path, open_page: Open) -> None:
    page = open_page(report)
    page.locator("input[value='fail']").check()
    expect(page.locator("#found")).to_have_text("2 of 45 scenarios")
    page.locator("input[value='pass']").check()
    expect(page.locator("#found")).to_have_text("43 of 45 scenarios")
    page.locator("#filter [name=requirement]").select_option("REQ-BOOT-1")
    expect(page.locator("#found")).to_have_text("41 of 45 scenarios")
    page.locator("#filter [name=tag]").select_option("many")
    expect(page.locator("#found")).to_have_text("40 of 45 scenarios")
    assert page.url.endswith("#filter?requirement=REQ-BOOT-1&tag=many&verdict=pass&verdict=fail")


def test_the_index_is_filtered_by_the_feature_that_a_reader_clicks(report: Path, open_page: Open) -> None:
    page = open_page(report)
    results = page.locator("table.features")
    results.get_by_role("link", name="features/underpayment.feature").click()
    expect(page.locator("#found")).to_have_text("3 of 45 scenarios")
    assert shown(page) == ["2", "3", "5"]
    assert page.url.endswith("#filter?feature=features/underpayment.feature")
    assert page.get_by_label("Feature").input_value() == "features/underpayment.feature"
    page.locator("#filter [name=feature]").select_option("features/many.feature")
    expect(page.locator("#found")).to_have_text("40 of 45 scenarios")


def test_the_reason_of_the_first_failure_is_on_the_screen_before_anything_is_clicked(
    report: Path, open_page: Open
) -> None:
    page = open_page(report)
    first = page.locator(".first-look li").first
    expect(first.get_by_text("refused payment to zero current")).to_be_in_viewport(ratio=1)


def test_an_address_opens_a_filtered_index_and_the_matrix_links_to_one(report: Path, open_page: Open) -> None:
    page = open_page(report, "#filter?text=row&verdict=pass")
    expect(page.locator("#found")).to_have_text("40 of 45 scenarios")
    assert page.get_by_label("Text").input_value() == "row"
    page.locator("#requirements").get_by_role("link", name="REQ-CUT-1").click()
    expect(page.locator("#found")).to_have_text("3 of 45 scenarios")


def test_a_link_opens_a_scenario_and_the_back_button_returns_to_the_place_in_the_index(
    report: Path, open_page: Open
) -> None:
    page = open_page(report)
    link = page.locator("table.index").get_by_role("link", name="One of many, row 40")
    link.scroll_into_view_if_needed()
    place = page.evaluate("scrollY")
    assert place > 0
    link.click()
    expect(page.get_by_role("heading", name="40 One of many, row 40")).to_be_focused()
    assert page.url.endswith("#scenario-40")
    assert not page.locator("#pages").is_visible()
    page.get_by_role("link", name="Next: 41").click()
    expect(page).to_have_title(re.compile("^Scenario 41 "))
    page.go_back()
    expect(page).to_have_title(re.compile("^Scenario 40 "))
    page.go_back()
    expect(page.locator("#pages")).to_be_visible()
    assert page.evaluate("scrollY") == place
    page.go_forward()
    expect(page.get_by_role("heading", name="40 One of many, row 40")).to_be_visible()


def test_a_deep_link_shows_measurements_steps_messages_and_what_happened(report: Path, open_page: Open) -> None:
    page = open_page(report, "#scenario-2")
    article = page.locator("#viewer article")
    expect(article.locator("table.findings tbody tr").first).to_contain_text("650 ± 50")
    expect(article.locator("table.steps tbody tr")).to_have_count(4)
    expect(article.locator("table.last tbody tr")).to_have_count(10)
    expect(article.locator("table.faults")).to_contain_text("</script><script>alert")
    article.get_by_text("Messages on the link (2)").click()
    expect(article.locator("table.frames tbody tr").nth(1)).to_contain_text("ERROR to cable")


def test_a_tag_of_a_scenario_leads_to_the_others_that_have_it(report: Path, open_page: Open) -> None:
    page = open_page(report, "#scenario-7")
    page.get_by_role("link", name="@many").click()
    expect(page.locator("#found")).to_have_text("40 of 45 scenarios")
    page.go_back()
    page.get_by_role("link", name="@REQ-BOOT-1").click()
    expect(page.locator("#found")).to_have_text("42 of 45 scenarios")


def test_previous_and_next_stay_within_the_filter(report: Path, open_page: Open) -> None:
    page = open_page(report, "#filter?verdict=fail")
    expect(page.locator("#found")).to_have_text("2 of 45 scenarios")
    page.locator("table.index").get_by_role("link").first.click()
    page.get_by_role("link", name="Next: 5").click()
    expect(page.get_by_role("heading", name="The cut comes too late")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^Next"))).to_have_count(0)
    page.get_by_role("link", name="All scenarios").click()
    expect(page.locator("#found")).to_have_text("2 of 45 scenarios")


def test_an_address_that_names_no_scenario_shows_the_report(report: Path, open_page: Open) -> None:
    page = open_page(report, "#scenario-4711")
    assert page.get_by_role("heading", name="Acceptance report").is_visible()
    page.evaluate("location.hash = '#filter?requirement=REQ-NONE&text=%22%3E%3Cimg%20src=x%3E'")
    expect(page.locator("#found")).to_have_text("0 of 45 scenarios")


def test_the_timeline_of_a_failure_begins_around_the_failed_measurement_and_is_zoomed(
    report: Path, open_page: Open
) -> None:
    page = open_page(report, "#scenario-5")
    expect(page.locator("#viewer canvas")).to_be_visible()
    start, end = span(page)
    assert start < 38.4 < end
    assert end - start < 20
    page.get_by_role("button", name="Show the whole scenario").click()
    assert span(page) == (0.0, 100.0)
    page.get_by_role("button", name="Zoom in").click()
    assert span(page)[1] - span(page)[0] == 50.0
    page.get_by_role("button", name="Later").click()
    assert span(page)[0] > 19.2
    page.get_by_role("button", name="Show the whole scenario").click()
    page.locator("#viewer .u-over").scroll_into_view_if_needed()
    box = page.locator("#viewer .u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60, steps=4)
    page.mouse.up()
    start, end = span(page)
    assert (abs(start - 25) < 1, abs(end - 50) < 1) == (True, True)
    page.locator("#viewer .u-over").dblclick()
    assert span(page) == (0.0, 100.0)


def test_the_keyboard_alone_reaches_a_scenario_its_zoom_and_the_way_back(report: Path, open_page: Open) -> None:
    page = open_page(report, "#scenarios")
    page.get_by_label("Text").focus()
    page.keyboard.type("too late")
    expect(page.locator("#found")).to_have_text("1 of 45 scenarios")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('table.index') !== null"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The cut comes too late")).to_be_focused()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == "Show the whole scenario":
            break
    page.keyboard.press("Space")
    assert span(page) == (0.0, 100.0)
    for _ in range(24):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.textContent") == "All scenarios":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_have_text("1 of 45 scenarios")
    expect(page.locator("#pages")).to_be_visible()


@pytest.mark.parametrize("address", ["", "#scenario-1", "#scenario-2", "#scenario-5"])
def test_a_screen_of_360_pixels_does_not_scroll_sideways(report: Path, open_page: Open, address: str) -> None:
    page = open_page(report, address, width=360)
    expect(page.locator("#viewer article" if address else "#found")).to_be_visible()
    assert not scrolls_sideways(page)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert not scrolls_sideways(page)


def test_the_theme_follows_the_system_until_a_person_chooses(report: Path, open_page: Open) -> None:
    def paper(page: Page) -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    dark = open_page(report, color_scheme="dark")
    assert paper(dark) == "rgb(20, 24, 31)"
    button = dark.get_by_role("button", name="Theme")
    button.click()
    assert paper(dark) == "rgb(255, 255, 255)"
    light = open_page(report, color_scheme="light")
    assert paper(light) == "rgb(255, 255, 255)"
    light.get_by_role("button", name="Theme").click()
    light.get_by_role("button", name="Theme").click()
    assert paper(light) == "rgb(20, 24, 31)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("address", ["", "#scenario-2"])
def test_axe_finds_nothing_that_keeps_a_person_out(
    report: Path, open_page: Open, axe: Axe, scheme: str, width: int, address: str
) -> None:
    page = open_page(report, address, width=width, color_scheme=scheme)
    expect(page.locator("#viewer article" if address else "#found")).to_be_visible()
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert axe(page) == []


def test_paper_shows_certificate_index_and_failures_in_full_and_numbers_its_pages(
    report: Path, open_page: Open, tmp_path: Path
) -> None:
    page = open_page(report, color_scheme="dark")
    page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    pages = [" ".join(each.extract_text().split()) for each in PdfReader(tmp_path / "report.pdf").pages]
    assert "Acceptance report" in pages[0]
    assert "Page 1 of" in pages[0]
    whole = " ".join(pages)
    for words in ("Results by requirement", "Authorisation", "One of many, row 45", "what happened", "650 ± 50"):
        assert words.lower() in whole.lower(), words
    assert "Theme:" not in whole
    assert page.evaluate("document.documentElement.dataset.theme") == "automatic"


def test_paper_of_a_scenario_shows_that_scenario_alone(report: Path, open_page: Open, tmp_path: Path) -> None:
    page = open_page(report, "#scenario-1")
    expect(page.locator("#viewer canvas")).to_be_visible()
    page.pdf(path=tmp_path / "scenario.pdf", prefer_css_page_size=True)
    whole = " ".join(each.extract_text() for each in PdfReader(tmp_path / "scenario.pdf").pages)
    assert "One slice of bread" in whole
    assert "Results by requirement" not in whole


def test_without_a_script_certificate_index_and_failures_can_be_read(report: Path, open_page: Open) -> None:
    page = open_page(report, java_script_enabled=False)
    assert page.get_by_role("heading", name="Results by requirement").is_visible()
    assert page.locator("table.index tbody tr").count() == 45
    assert not page.locator("#filter").is_visible()
    assert page.get_by_text("hil report --annex").is_visible()
    page.get_by_text("Steps, measurements and timeline of scenario 2").click()
    static = page.locator("#static-2")
    assert static.locator("svg.timeline").is_visible()
    assert "650 ± 50" in static.locator("table.findings").inner_text()


@pytest.mark.parametrize("address", ["", "#scenario-1"])
def test_text_that_means_harm_is_shown_as_text_and_breaks_no_layout(
    hostile_run: Path, open_page: Open, address: str
) -> None:
    page = open_page(write_html(view(hostile_run)), address, width=360)
    expect(page.locator("h1:visible")).to_contain_text("onerror=alert(1)")
    assert page.locator("img").count() == 0
    assert not scrolls_sideways(page)
