"""Typing evidence into its pages, one page for each group, by click and keystroke."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from playwright.sync_api import Page, expect

from screening.rules.items import BY_ID, ITEMS
from screening.rules.vocabulary import Group, Item, Kind
from screening.web.answers import GROUPS
from screening.web.fields import has_common_date
from tests.browser.pages import Desk

KNOWN_ELSEWHERE = {"birth_on", "adult_confirmed", "sex", "icf_signed", "icf_signer"}


def enter_group(
    desk: Desk, code: str, group: Group, answers: Mapping[str, Mapping[str, Any]], on: date
) -> None:
    """Open the page of a group from the checklist, type the answers of this person's kind, and record them."""
    asked = [
        item
        for item in ITEMS
        if item.group is group and item.id in answers and item.id not in KNOWN_ELSEWHERE
    ]
    desk.page.goto(f"/participants/{code}/screening/")
    desk.page.locator("#to-do").get_by_role("link", name=GROUPS[group].title, exact=True).click()
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text(GROUPS[group].title)
    expect(
        desk.page.get_by_role("button", name="Record evidence", exact=True)
    ).to_be_visible()  # it comes last
    if any(has_common_date(item) for item in asked):
        desk.page.locator("#id_on").fill(on.isoformat())
    if group is Group.LABORATORY:
        desk.page.locator("#id_time").fill("08:30")
        desk.page.locator("#id_laboratory").fill("Central laboratory")
    for item in asked:
        type_answer(desk.page, item, answers[item.id])
    desk.saves("Record evidence", "Evidence recorded.")


def type_answer(page: Page, item: Item, entry: Mapping[str, Any]) -> None:
    """Fill in the fields of one item."""
    _type_value(page, item, entry["value"])
    if "method" in entry:
        _type(page, f"{item.id}-method", entry["method"])
    if "on" in entry and page.locator(f"#id_{item.id}-on").count():
        page.locator(f"#id_{item.id}-on").fill(entry["on"])
    if item.is_judgement:
        page.locator(f"#id_{item.id}-reason").fill(entry["reason"])


def _type_value(page: Page, item: Item, value: Any) -> None:
    match item.kind:
        case Kind.RESULT:
            for part, text in value.items():
                page.locator(f"#id_{item.id}-{part}").fill(text)
        case Kind.FORM:
            for field, one in value.items():
                _type(page, f"{item.id}-f-{field}", one)
        case Kind.ROWS:
            _type_rows(page, item.id, value)
        case _:
            _type(page, f"{item.id}-value", value)


def _type_rows(page: Page, name: str, rows: list[Mapping[str, Any]]) -> None:
    if not rows:
        page.locator(f"#id_{name}-none").check()
    for number, row in enumerate(rows):
        if number:
            page.locator(f'button[name=add][value="{name}"]').click()
        for field, one in row.items():
            _type(page, f"{name}-{number}-{field}", one)


def _type(page: Page, name: str, value: Any) -> None:
    choices = page.locator(f'input[name="{name}"]:is([type=radio], [type=checkbox])')
    if choices.count() == 0:
        page.locator(f"#id_{name}").fill(str(value))
        return
    for one in value if isinstance(value, list) else [value]:
        wanted = {True: "yes", False: "no"}[one] if isinstance(one, bool) else one
        page.locator(f'label:has(> input[name="{name}"][value="{wanted}"])').click()


def facts_of(answers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in answers.items() if not BY_ID[name].is_judgement}


def judgements_of(answers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in answers.items() if BY_ID[name].is_judgement}


def enter(desk: Desk, code: str, answers: Mapping[str, Mapping[str, Any]], on: date) -> None:
    """Enter the answers, page after page, in the order the catalogue has the groups."""
    wanted = {BY_ID[name].group for name in answers if name not in KNOWN_ELSEWHERE}
    for group in Group:
        if group in wanted:
            enter_group(desk, code, group, answers, on)
