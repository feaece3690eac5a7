"""The documents say nothing that is not there: links, files, commands, dependencies, worked figures."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.core.management import get_commands

from trialsite.accounts.permissions import Role
from trialsite.protocol.registry import resolve
from trialsite.protocol.schedule import plan
from trialsite.protocol.types import Event, EventKind, Facts
from trialsite.protocol.windows import civil_date

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
NAMED_FILE = re.compile(
    r"(?<![\w/.])(?:trialsite|participants|screening|infusion|followup|tests|docs|bench|requirements|\.ci)/[\w./-]*\w"
)
# Spelled in two parts, so that this file does not find itself.
FORBIDDEN = [re.compile("/" + place + "/") for place in ("work", "root", "home")]

documents = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=[str(one.relative_to(ROOT)) for one in DOCUMENTS]
)


def prose(text: str) -> str:
    """Return the text without its code: what looks like a link in there is none."""
    return CODE.sub("", text)


def code(text: str) -> Iterator[str]:
    """Yield what stands in backticks or in fences."""
    return (found[0].strip("`") for found in CODE.finditer(text))


def slugs(text: str) -> set[str]:
    """Return the anchors that a page shows for its headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(document: Path, text: str) -> list[str]:
    """Return the links of `text`, standing in `document`, that lead nowhere. Other hosts are not asked."""
    broken = []
    # A picture inside a link's text hides nothing: each pair of brackets is looked at by itself.
    for target in LINK.findall(prose(text)):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        there = (document.parent / path).resolve() if path else document
        is_there = there.exists() and there.is_relative_to(ROOT)
        if not is_there or (anchor and anchor not in slugs(there.read_text(encoding="utf-8"))):
            broken.append(target)
    return broken


def commands_named(text: str, before: str) -> set[str]:
    """Return the words that follow `before` in the code of `text`, as in `make run`."""
    return {
        word
        for part in code(text)
        for word in re.findall(rf"(?:^|[\s/]){re.escape(before)} ([a-z][a-z_-]+)", part)
    }


@documents
def test_every_link_leads_somewhere(document: Path) -> None:
    assert broken_links(document, document.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[no file](docs/nothing.md)", ["docs/nothing.md"]),
        ("![no picture](docs/images/nothing.png)", ["docs/images/nothing.png"]),
        ("[no heading](CONTRIBUTING.md#nothing)", ["CONTRIBUTING.md#nothing"]),
        ("[outside](../elsewhere.md)", ["../elsewhere.md"]),
        ("[a file](LICENSE) and [a heading](CONTRIBUTING.md#a-route)", []),
        ("`[not a link](nowhere)` and [another host](https://example.org/)", []),
    ],
    ids=["file", "picture", "heading", "outside", "sound", "not looked at"],
)
def test_a_link_to_nothing_is_found(text: str, expected: list[str]) -> None:
    assert broken_links(ROOT / "README.md", text) == expected


@documents
def test_every_file_that_is_named_exists(document: Path) -> None:
    named = {path for part in code(document.read_text(encoding="utf-8")) for path in NAMED_FILE.findall(part)}

    assert {path for path in named if not (ROOT / path).exists()} == set()


@documents
def test_every_command_that_is_named_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert commands_named(text, "make") <= targets
    assert commands_named(text, "manage.py") <= get_commands().keys()


def test_a_command_is_recognised_in_code_alone() -> None:
    text = "make sure of `make run` and\n```\nTRIALSITE_PORT=1 make test\npython manage.py migrate\n```"

    assert commands_named(text, "make") == {"run", "test"}
    assert commands_named(text, "manage.py") == {"migrate"}


def test_no_file_of_the_project_names_a_place_on_somebody_s_machine() -> None:
    git = ["git", "-c", f"safe.directory={ROOT}"]  # the checkout may belong to somebody else
    command = [*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    names = [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    found = [
        name
        for name in names
        if any(word.search((ROOT / name).read_text(encoding="utf-8", errors="replace")) for word in FORBIDDEN)
    ]

    assert len(names) > 100
    assert found == []


def test_every_direct_dependency_has_its_reason_and_licence() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"].values()]
    flat = [line for group in wanted for line in ([group] if isinstance(group, str) else group)]
    names = {match[0].lower() for line in flat if (match := re.match(r"[\w.-]+", line))}
    text = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    listed = text.partition("## Vendored")[0]
    rows = re.findall(r"^\| (?!Package|---)(.+?) \| \S.* \| \S.* \|$", listed, re.MULTILINE)
    explained = {name.lower() for row in rows for name in re.sub(r" \[.*?\]", "", row).split(", ")}

    assert explained == names


def test_every_requirement_of_the_regulations_stands_once_and_what_is_met_names_its_tests() -> None:
    text = (ROOT / "docs/regulatory.md").read_text(encoding="utf-8")
    rows = [line.removesuffix(" |").split(" | ") for line in text.splitlines() if re.match(r"\| R\d", line)]

    assert [row[0] for row in rows] == [f"| R{number}" for number in range(1, 29)]
    for number, _, state, _, tests in rows:
        assert state in {"**Met**", "**Partly**", "**Not yet**"}, number
        assert "tests/" in tests or state == "**Not yet**", number


def test_decisions_are_numbered_without_gap_and_named_by_their_number() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))

    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        assert page.read_text(encoding="utf-8").startswith(f"# {int(page.name[:4])}. ")


def test_the_readme_tells_of_every_role() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert {role.value for role in Role} == set(re.findall(r"^\| `([a-z]+)` \|", text, re.MULTILINE))


def test_the_worked_windows_are_those_of_the_engine() -> None:
    zone = "Asia/Shanghai"
    infused_at = datetime(2026, 3, 14, 16, 30, tzinfo=UTC)
    infused = Event(kind=EventKind.INFUSED, at=infused_at, on=civil_date(infused_at, zone))
    planned = {one.key: one for one in plan(resolve("1.0"), [infused], Facts(site_zone=zone))}
    text = (ROOT / "docs/algorithms/windows.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([DM]\d+) \| .*? \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)

    assert len(rows) == 11
    for visit, *dates in rows:
        one = planned[f"V-{visit}#1"]
        assert one.missed_at is not None
        expected = [one.target_on, one.opens_on, one.closes_on, civil_date(one.missed_at, zone)]
        assert [date.fromisoformat(text) for text in dates] == expected, visit
