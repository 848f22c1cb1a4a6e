"""The HTML report in a browser: it shows, filters, opens, copies, and runs no other."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page
    from tests.browser.conftest import Opened


OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
# Text that is too faint for its background, by WCAG 2.2, 1.4.3.
FAINT = Path(__file__).with_name("faint.js").read_text("utf-8")
OPEN_ALL = """() => {
  for (const each of document.querySelectorAll("details")) each.open = true;
}"""


def shown(page: Page) -> int:
    """Count the rules that can be seen, and hold the line that tells it to that."""
    number = page.locator(".rule:visible").count()
    total = page.locator(".rule").count()
    said = page.locator(".shown").inner_text()
    assert said == f"{number} of {total} rules shown"
    return int(number)


def choose(page: Page, group: str, name: str) -> None:
    page.get_by_role("group", name=group).get_by_role(
        "checkbox", name=re.compile(f"^{name}")
    ).click()


def lazy(page: Page) -> Locator:
    """Return a failure whose details are not written out, its rule opened."""
    rule = page.locator(".rule[data-kind=fail]", has=page.locator("[data-at]")).first
    rule.locator("> summary").click()
    number = rule.locator("[data-at]").first.get_attribute("data-at")
    page.evaluate(
        "number => document.querySelector(`[data-at='${number}']`).id = 'lazy'", number
    )
    return page.locator("#lazy")


def test_first_screen_says_it_all(bad: Path, open_page: Callable[..., Opened]) -> None:
    page = open_page(bad).page

    heading = page.get_by_role("heading", level=1)
    assert heading.inner_text().startswith("Nonconformant at level MUST")
    for name in ("Target", "Contract", "Contract sha256", "Run"):
        box = page.get_by_text(name, exact=True).bounding_box()
        assert box is not None
        assert box["y"] < 600
    first = page.locator(".cause").first
    assert first.get_by_role("heading", level=3).is_visible()
    assert first.locator("[data-slot=why]").is_visible()


def test_filters_narrow_what_is_shown(
    bad: Path, open_page: Callable[..., Opened]
) -> None:
    page = open_page(bad).page
    everything = shown(page)

    choose(page, "Outcome", "fail")
    failing = shown(page)
    choose(page, "Outcome", "pass")
    more = shown(page)
    choose(page, "Level", "MAY")
    weak = shown(page)
    kinds = page.locator(".rule:visible").evaluate_all(
        "all => [...new Set(all.map(each => each.dataset.level))]"
    )

    assert 0 < failing < more < everything
    assert weak < more
    assert kinds == ["may"]


def test_text_filter_looks_at_ids_sentences_and_cases(
    bad: Path, open_page: Callable[..., Opened]
) -> None:
    page = open_page(bad).page
    box = page.get_by_role("searchbox", name="Text")

    found = {}
    for text in (
        "retryDelays.COUNT",
        "many delays as redials",
        "2-for-1",
        "no such thing",
    ):
        box.fill(text)
        found[text] = (shown(page), page.locator(".group:visible").count())
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function("!document.querySelector('.rule[hidden]')")

    assert found["retryDelays.COUNT"][0] >= 1
    assert found["many delays as redials"] == (1, 1)
    assert found["2-for-1"][0] >= 1
    assert found["no such thing"] == (0, 0)
    assert shown(page) == page.locator(".rule").count()
    assert box.input_value() == ""


def test_failure_opens_to_all_there_is(
    bad: Path, open_page: Callable[..., Opened]
) -> None:
    page = open_page(bad).page
    failure = lazy(page)

    failure.locator("> summary").click()

    for slot in ("why", "due", "fault", "twin", "body", "status", "answer", "curl"):
        assert failure.locator(f"[data-slot={slot}]").inner_text().strip()
    assert failure.locator("mark.was, mark.now").count() > 0
    assert not failure.locator("[data-part=before]").is_visible()
    assert failure.get_attribute("data-at") is None


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("id_", ["rule-from.length", "case-retryDelays.count/0-for-1"])
def test_link_opens_what_it_names(
    bad: Path, open_page: Callable[..., Opened], id_: str, width: int
) -> None:
    page = open_page(bad, width=width, fragment=id_).page
    found = page.locator(f"[id='{id_}']")

    found.locator("> summary").wait_for()
    near = found.bounding_box()

    assert found.get_attribute("open") is not None
    assert near is not None
    assert -1 < near["y"] < 450
    assert found.locator("> summary .anchor").get_attribute("href") == f"#{id_}"


@pytest.mark.parametrize("width", [390, 1280])
def test_narrow_screen_has_one_text_of_both_bodies(
    sample: ModuleType,
    written: Callable[[Any], Path],
    open_page: Callable[..., Opened],
    width: int,
) -> None:
    page = open_page(written(sample.result()), width=width).page

    cause = page.locator(".cause").first
    bodies, both = cause.locator(".bodies"), cause.locator(".diff")
    lines = both.locator("mark").all_text_contents()

    assert (bodies.is_visible(), both.is_visible()) == (width > 390, width == 390)
    assert [" ".join(each.split()) for each in lines] == [
        '- "retries": 1,',
        '+ "retries": 2,',
        '+ "note": "x\\nx\\n"',
    ]


@pytest.mark.parametrize("name", ["Fire it again", "Send the same bytes"])
def test_command_lines_can_be_copied(
    bad: Path, open_page: Callable[..., Opened], name: str
) -> None:
    page = open_page(bad, permissions=["clipboard-read", "clipboard-write"]).page
    command = page.locator(".cause").first.locator(
        ".command", has=page.get_by_text(name)
    )

    command.get_by_role("button", name=re.compile("^Copy")).click()
    page.wait_for_function("document.querySelector('#said').textContent === 'Copied'")

    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == command.locator("code").text_content()


def test_keyboard_alone_suffices(bad: Path, open_page: Callable[..., Opened]) -> None:
    page = open_page(bad).page
    focused = "document.activeElement"

    page.keyboard.press("Tab")
    skip = page.evaluate(f"{focused}.textContent")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    chip = page.evaluate(f"[{focused}.name, {focused}.value]")
    page.keyboard.press("Space")
    narrowed = shown(page)
    while page.evaluate(f"{focused}.tagName") != "SUMMARY":
        page.keyboard.press("Tab")
    outline = page.evaluate(f"getComputedStyle({focused}).outlineStyle")
    page.keyboard.press("Enter")
    opened = page.evaluate(f"{focused}.parentElement.open")
    page.keyboard.press("Tab")
    while page.evaluate(f"{focused}.tagName") != "SUMMARY":  # past links to sources
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")

    assert skip == "Skip to the rules"
    assert chip == ["kind", "fail"]
    assert narrowed < page.locator(".rule").count()
    assert outline == "solid"
    assert opened is True
    assert page.evaluate(f"{focused}.closest('.case') !== null")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_too_faint_to_read(
    bad: Path, open_page: Callable[..., Opened], scheme: str
) -> None:
    page = open_page(bad, color_scheme=scheme).page
    failure = lazy(page)
    failure.locator("> summary").click()
    choose(page, "Level", "MUST")

    background = page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert (int(background.split("(")[1].split(",")[0]) < 60) == (scheme == "dark")
    assert page.evaluate(FAINT) == []


@pytest.mark.parametrize("name", ["bad", "hostile"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out(
    name: str,
    width: int,
    open_page: Callable[..., Opened],
    request: pytest.FixtureRequest,
) -> None:
    page = open_page(request.getfixturevalue(name), width=width).page

    page.evaluate(OPEN_ALL)
    page.wait_for_function("!document.querySelector('[data-at]')")

    assert page.evaluate(OVERFLOW) == 0


def test_hostile_answers_do_not_run(
    hostile: Path, open_page: Callable[..., Opened]
) -> None:
    page = open_page(hostile).page

    page.evaluate(OPEN_ALL)
    page.wait_for_function("!document.querySelector('[data-at]')")

    text = page.locator("[data-slot=answer]").first.text_content() or ""
    assert "</script><script>document.pwned=1</script>" in text
    assert "\\u202e\\u2066\\x1b[2J{{7*7}}" in text
    assert page.evaluate("document.pwned") is None
    assert page.locator("img, form:not(.filter), base, plaintext").count() == 0
    assert page.locator("script").count() == 2
    assert page.get_by_role("contentinfo").is_visible()


def test_what_slips_in_is_stopped_by_the_policy(
    bad: Path, open_page: Callable[..., Opened]
) -> None:
    opened = open_page(bad)
    page = opened.page

    page.evaluate(
        """() => {
          const script = document.createElement("script");
          try { script.textContent = "document.pwned = 1"; } catch {}
          document.body.append(script);
          const image = document.createElement("img");
          image.src = "https://example.com/x.png";
          document.body.append(image);
        }"""
    )
    page.wait_for_timeout(100)

    assert page.evaluate("document.pwned") is None
    assert any("Content Security Policy" in each for each in opened.troubles)
    opened.troubles.clear()
    opened.requests[1:] = []


def test_print_opens_what_matters(
    sample: ModuleType, written: Callable[[Any], Path], open_page: Callable[..., Opened]
) -> None:
    page = open_page(written(sample.result())).page
    closed = page.locator(".cause:not([open])").count()

    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    left = page.locator(".cause:not([open]), .rule[data-kind=fail]:not([open])").count()
    passing = page.locator(".rule[data-kind=pass][open]").count()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="print")

    assert closed > 0
    assert (left, passing) == (0, 0)
    assert page.locator(".cause:not([open])").count() == closed
    assert not page.locator(".filter").is_visible()
    assert page.pdf().startswith(b"%PDF")


def many(result: Any, number: int) -> Any:
    """Let a rule fail by so many cases."""
    rule = result.rules[1]
    failures = tuple(
        replace(each, case=replace(each.case, id=f"delays.count/{at}"))
        for at in range(number)
        for each in rule.failures[at % 3 : at % 3 + 1]
    )
    rules = (result.rules[0], replace(rule, failures=failures), *result.rules[2:])
    return replace(result, rules=rules)


def test_five_thousand_failures_stay_quick(
    sample: ModuleType, written: Callable[[Any], Path], open_page: Callable[..., Opened]
) -> None:
    path = written(many(sample.result(), 5000))
    opened = open_page(path)
    page = opened.page
    page.set_default_timeout(10_000)  # generous: each takes a fraction of a second
    rule = page.locator("[id='rule-delays.count']")

    rule.locator("> summary").click()
    last = rule.locator(".case").nth(4999)
    last.locator("> summary").click()
    page.get_by_role("searchbox", name="Text").fill("delays.count/4999")

    assert path.stat().st_size < 20_000_000
    assert last.locator("[data-slot=why]").is_visible()
    assert shown(page) == 1
