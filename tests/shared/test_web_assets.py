"""What the browser is given: from this host alone, nothing inline, every vendored file as it was reviewed."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from django.contrib.staticfiles import finders

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "trialsite" / "web"
TEMPLATES = sorted(
    path
    for folder in ("trialsite", "participants", "screening", "infusion", "followup")
    for path in (ROOT / folder).rglob("templates/**/*.html")
)
OWN_SCRIPTS = sorted((WEB / "static" / "web").glob("*.js"))
INLINE = {
    "a style attribute": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a script without a file": re.compile(r"<script(?![^>]*\ssrc=)[^>]*>", re.IGNORECASE),
    "an event attribute": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "a javascript address": re.compile(r"javascript:", re.IGNORECASE),
    "htmx evaluating text": re.compile(r"\shx-on|js:\{|hx-vars", re.IGNORECASE),
    "another host": re.compile(r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//", re.IGNORECASE),
}


@pytest.fixture(scope="module")
def vendor() -> ModuleType:
    spec = importlib.util.spec_from_file_location("vendor", WEB / "vendor" / "vendor.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_vendored_files_are_those_of_the_list(vendor: ModuleType) -> None:
    assert vendor.changed_files() == []


def test_a_changed_vendored_file_is_noticed(
    vendor: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("kept.js", "changed.js"):
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(vendor, "TARGET", tmp_path)
    monkeypatch.setattr(vendor, "LIST", tmp_path / "SHA256SUMS")
    vendor.write_list()
    (tmp_path / "changed.js").write_text("something else")
    (tmp_path / "added.js").write_text("slipped in")
    assert vendor.changed_files() == ["added.js", "changed.js"]


@pytest.mark.parametrize("folder", ["tabler", "tabler-icons", "htmx", "inter"])
def test_every_vendored_package_has_its_licence(folder: str) -> None:
    assert "ermission" in (WEB / "static" / "vendor" / folder / "LICENSE").read_text()


def test_vendored_style_sheets_load_nothing_from_elsewhere() -> None:
    for sheet in (WEB / "static").rglob("*.css"):
        addresses = re.findall(r"url\(\s*[\"']?([^\"')\s]+)", sheet.read_text())
        assert [a for a in addresses if not a.startswith(("data:", "../vendor/"))] == [], sheet.name


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_template_has_nothing_inline_and_no_other_host(template: Path) -> None:
    text = template.read_text()
    assert [what for what, pattern in INLINE.items() if pattern.search(text)] == []


@pytest.mark.parametrize(
    ("markup", "what"),
    [
        ('<p style="color:red">', "a style attribute"),
        ("<style>p{}</style>", "a style element"),
        ("<script>go()</script>", "a script without a file"),
        ('<script type="module">go()</script>', "a script without a file"),
        ('<a onclick="go()">', "an event attribute"),
        ('<a href="javascript:go()">', "a javascript address"),
        ('<img src="//cdn.example/x.png">', "another host"),
        ("<p hx-on:click='go()'>", "htmx evaluating text"),
    ],
)
def test_the_scan_finds_what_it_is_for(markup: str, what: str) -> None:
    assert what in [name for name, pattern in INLINE.items() if pattern.search(markup)]


def test_every_icon_in_a_template_is_in_the_sprite() -> None:
    known = set(re.findall(r'<symbol id="([^"]+)"', (WEB / "static" / "web" / "icons.svg").read_text()))
    used = {
        (path.name, name) for path in TEMPLATES for name in re.findall(r'{% icon "([^"]+)"', path.read_text())
    }
    assert {(where, name) for where, name in used if name not in known} == set()


def test_every_script_imported_by_a_script_is_there() -> None:
    for script in OWN_SCRIPTS:
        for name in re.findall(r'from "\./([^"]+)"', script.read_text()):
            assert finders.find(f"web/{name}"), f"{script.name} imports {name}"
