"""The live page as a person sees it in a browser, while a run goes on beside it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from hil.evidence.documents import Event, Json, Kind, Verdict
from hil.live import folder as live_folder
from hil.live.questions import Question, posted_answer
from hil.live.server import LivePage
from hil.tests.live.browser.conftest import Open
from hil.tests.live.run_folders import HOSTILE, RunInTheMaking, reading

QUESTION = Question.new("the lamp is lit", 3.0, 120.0)


def scrolls_sideways(window: Page) -> bool:
    return bool(window.evaluate("document.documentElement.scrollWidth > innerWidth"))


def under_way(run: RunInTheMaking) -> None:
    run.begin(1, step="And the session has ended", since=1.0, now=4.5, awaited="the end", until=9.5, last_seen="HELLO")
    run.write(
        1,
        Event(Kind.RELAY, 1.0, "K1", {"closed": True}),
        Event(Kind.READING, 2.0, "counterpart", {"credited_Wh": 8.0}),
        reading(3.0, 1300.0, 2.5),
        reading(4.0, 1301.0, 3.0),
    )


def test_it_shows_step_wait_relays_figures_events_and_the_list(run: RunInTheMaking, view: Open) -> None:
    under_way(run)
    window = view()

    expect(window.get_by_role("status").first).to_have_text("The run is under way.")
    expect(window.locator("#scenario")).to_have_text("1. a toast")
    expect(window.locator("#step")).to_have_text("And the session has ended (3.5 s)")
    expect(window.locator("#awaited")).to_have_text("Waits for the end, at most 5 s more. Last seen: HELLO.")
    expect(window.locator("#power")).to_have_text("1301.0 W")
    expect(window.locator("#credit")).to_have_text("5.00 Wh")
    expect(window.locator("#K1")).to_have_attribute("data-closed", "true")
    expect(window.locator("#K2 .word")).to_have_text("open")
    expect(window.locator("#log li").first).to_have_text("1 · 4.000 s · bench When time passes: passed")
    expect(window.locator("#rows tr")).to_have_text(
        [re.compile("1a toast.*running"), re.compile("2a kettle.*waiting"), re.compile("3a lamp.*waiting")]
    )
    expect(window.locator("#plot canvas")).to_be_visible()


def test_it_goes_on_to_the_end_and_links_to_the_report(run: RunInTheMaking, view: Open) -> None:
    under_way(run)
    window = view()
    run.end(1, Verdict.FAIL, "too late")
    run.begin(2)
    expect(window.locator("#rows tr").first).to_contain_text("✗ fail")
    expect(window.locator("#scenario")).to_have_text("2. a kettle")
    run.end(2)
    run.finish(Verdict.FAIL)

    expect(window.locator("#state")).to_have_text("The run has ended: fail.")
    expect(window.locator("#scenario")).to_have_text("No scenario is on the bench.")
    with window.context.expect_page() as opened:
        window.get_by_role("link", name="Open the report").click()
    expect(opened.value).to_have_title("the report")


def test_a_reload_shows_all_again_and_two_windows_see_the_same(run: RunInTheMaking, view: Open) -> None:
    under_way(run)
    first = view()
    expect(first.locator("#power")).to_have_text("1301.0 W")
    first.reload()
    second = view()

    for window in (first, second):
        expect(window.locator("#rows tr")).to_have_count(3)
        expect(window.locator("#log li")).to_have_count(2)
        expect(window.locator("#power")).to_have_text("1301.0 W")


def test_text_of_the_run_is_text_and_nothing_else(run: RunInTheMaking, view: Open) -> None:
    run.names[0] = HOSTILE
    run.begin(1, step=HOSTILE, awaited=HOSTILE, last_seen=HOSTILE, question={**QUESTION.document(), "text": HOSTILE})
    run.write(1, Event(Kind.CONSOLE, 1.0, HOSTILE, {"text": HOSTILE}))
    run.end(1, Verdict.FAIL, HOSTILE)
    run.begin(2, step=HOSTILE, question={**QUESTION.document(), "text": HOSTILE})
    window = view()

    expect(window.locator("#step")).to_contain_text("<script>document.title=2</script>⟨U+202E⟩")
    expect(window.locator("#question-text")).to_contain_text("<img src=x onerror")
    expect(window.locator("#rows tr").first).to_contain_text("<img src=x onerror")
    assert window.locator("main img").count() == 0
    assert "hil" in window.title()


def test_a_killed_run_is_told(run: RunInTheMaking, view: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_folder, "LOST_AFTER_S", 0.3)
    under_way(run)
    window = view()
    expect(window.locator("#state")).to_have_text("The run is under way.")
    run.die()

    expect(window.locator("#state")).to_contain_text("The run has broken off: its process is gone")


def test_a_server_that_is_gone_is_told(run: RunInTheMaking, page: LivePage, view: Open) -> None:
    under_way(run)
    window = view()
    expect(window.locator("#state")).to_have_text("The run is under way.")
    window.context.set_offline(True)
    page.hub.close()
    page.shutdown()
    page.server_close()

    expect(window.locator("#state")).to_contain_text("Connection to the page's server lost since")
    window.close()


def test_two_benches_are_shown_in_turn(run: RunInTheMaking, view: Open) -> None:
    run.begin(1, bench=1, step="When x")
    run.begin(2, bench=2, step="When y")
    window = view()
    expect(window.locator("#step")).to_have_text("When x")
    expect(window.locator("#rows tr").nth(1)).to_contain_text("running on bench 2")
    window.get_by_role("button", name="Bench 2").click()

    expect(window.locator("#step")).to_have_text("When y")
    expect(window.get_by_role("button", name="Bench 2")).to_have_attribute("aria-pressed", "true")


def test_the_list_can_be_cut_down_to_what_did_not_pass(run: RunInTheMaking, view: Open) -> None:
    for number, verdict in ((1, Verdict.PASS), (2, Verdict.FAIL)):
        run.begin(number)
        run.end(number, verdict)
    run.begin(3)
    window = view()
    expect(window.locator("#rows tr:visible")).to_have_count(3)
    window.get_by_label("Only those that did not pass").check()

    expect(window.locator("#rows tr:visible")).to_have_count(1)


def test_a_person_answers_with_the_keyboard_alone(run: RunInTheMaking, view: Open) -> None:
    run.begin(1, step="Then x", now=5.0, question=QUESTION.document())
    window = view()
    expect(window.locator("#question-text")).to_have_text("the lamp is lit")
    expect(window.locator("#question-left")).to_have_text("115 s are left for the answer.")
    window.get_by_label("Your name").focus()
    window.keyboard.type("Anna\n")  # Enter answers nothing
    window.keyboard.press("Tab")
    window.keyboard.type("it blinks")
    window.keyboard.press("Tab")
    window.keyboard.press("Tab")
    window.keyboard.press("Enter")

    expect(window.locator("#answered")).to_have_text("Your answer was taken: no.")
    answer = posted_answer(run.folder, QUESTION.id)
    assert answer is not None
    assert (answer.answer, answer.who, answer.remark) == ("no", "Anna", "it blinks")
    run.say(scenario=1, question=None)
    expect(window.locator("#question")).to_be_hidden()


def test_an_answer_without_a_name_is_not_sent(run: RunInTheMaking, view: Open) -> None:
    run.begin(1, question=QUESTION.document())
    window = view()
    window.get_by_role("button", name="Yes").click()

    assert posted_answer(run.folder, QUESTION.id) is None
    assert window.evaluate("document.activeElement.id") == "who"


@pytest.mark.parametrize("width", [360, 1280])
def test_it_never_scrolls_sideways(run: RunInTheMaking, view: Open, width: int) -> None:
    run.names[0] = "x" * 300
    under_way(run)
    run.say(scenario=1, step="y" * 300, question={**QUESTION.document(), "text": "z" * 300})
    window = view(width=width)
    expect(window.locator("#question-text")).to_have_text("z" * 300)
    expect(window.locator("#plot canvas")).to_be_visible()

    assert not scrolls_sideways(window)


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_that_keeps_a_person_out(
    run: RunInTheMaking, view: Open, axe: Callable[[Page], list[str]], scheme: str, width: int
) -> None:
    for number, verdict in ((1, Verdict.FAIL), (3, Verdict.INCONCLUSIVE)):
        run.begin(number)
        run.end(number, verdict, "a reason")
    run.begin(2, step="When x", now=5.0, question=QUESTION.document())
    run.say(2, scenario=0)
    window = view(width=width, color_scheme=scheme)
    expect(window.locator("#question-text")).to_have_text("the lamp is lit")
    expect(window.locator("#plot canvas")).to_be_visible()

    assert axe(window) == []


def test_seven_hundred_scenarios_are_listed_in_their_order(run: RunInTheMaking, view: Open) -> None:
    run.names += [f"scenario {number}" for number in range(4, 701)]
    listed: list[Json] = [{"number": n, "name": name} for n, name in enumerate(run.names, 1)]
    live_folder.begin_live(run.folder, {"scenarios": listed})
    for number in range(1, 21):
        run.begin(number)
        run.end(number)
    window = view()

    expect(window.locator("#rows tr")).to_have_count(700)
    numbers = window.locator("#rows td:first-child").all_inner_texts()
    assert numbers == [str(number) for number in range(1, 701)]
    expect(window.locator("#counts")).to_have_text("20 of 700 have ended · 20 pass")
