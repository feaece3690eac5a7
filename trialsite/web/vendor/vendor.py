"""Copies the browser assets from a locked npm install into static/vendor, with their hashes and licences.

Run by hand when package.json changes: `npm ci --ignore-scripts` here, then `python vendor.py`. The copies are
committed, so neither installing nor running the product needs Node. `python vendor.py --check` compares the
committed files with the list and needs no npm install.
"""

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
TARGET = HERE.parent / "static" / "vendor"
SPRITE = HERE.parent / "static" / "web" / "icons.svg"
LIST = TARGET / "SHA256SUMS"

FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler/tabler.min.css",
    "@tabler/core/dist/js/tabler.min.js": "tabler/tabler.min.js",
    "@tabler/icons/LICENSE": "tabler-icons/LICENSE",
    "htmx.org/dist/htmx.min.js": "htmx/htmx.min.js",
    "htmx.org/LICENSE": "htmx/LICENSE",
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter/inter-latin-wght-normal.woff2",
    "@fontsource-variable/inter/LICENSE": "inter/LICENSE",
}
# A map of the sources that we do not ship would be asked for by name when developer tools are open.
SOURCE_MAP = re.compile(rb"\s*(//[#@]|/\*[#@])\s*sourceMappingURL=[^\n]*")


def main() -> int:
    if "--check" in sys.argv:
        wrong = changed_files()
        print("\n".join(wrong) or "The vendored files match the list.")
        return 1 if wrong else 0
    copy_files()
    SPRITE.write_text(sprite(icon_names()), encoding="utf-8")
    write_list()
    return 0


def copy_files() -> None:
    for source, target in FILES.items():
        place = TARGET / target
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.suffix in {".css", ".js"}:
            place.write_bytes(SOURCE_MAP.sub(b"", (MODULES / source).read_bytes()))
        else:
            shutil.copyfile(MODULES / source, place)
    # The package states its licence in package.json and in the banner of each file, but ships no text of it.
    shutil.copyfile(HERE / "licences" / "tabler.txt", TARGET / "tabler" / "LICENSE")


def icon_names() -> list[str]:
    return sorted((HERE / "icons.txt").read_text(encoding="utf-8").split())


def sprite(names: list[str]) -> str:
    """Return one SVG file with a symbol per icon, in the colour of the text around it."""
    symbols = "\n".join(_symbol(name) for name in names)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'


def _symbol(name: str) -> str:
    drawing = (MODULES / "@tabler/icons/icons/outline" / f"{name}.svg").read_text(encoding="utf-8")
    inside = re.search(r"<svg[^>]*>(.*)</svg>", drawing, re.DOTALL)
    if inside is None:
        raise SystemExit(f"{name}.svg is not a drawing.")
    paths = "".join(line.strip() for line in inside[1].splitlines())
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" '
        f'stroke-linecap="round" stroke-linejoin="round">{paths}</symbol>'
    )


def write_list() -> None:
    versions = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    heading = [f"# {name} {version}" for name, version in sorted(versions.items())]
    lines = [f"{_hash(path)}  {path.relative_to(TARGET).as_posix()}" for path in _copies()]
    LIST.write_text("\n".join([*heading, *lines]) + "\n", encoding="utf-8")


def changed_files() -> list[str]:
    """Return the vendored files that differ from the list, or stand in only one of the two."""
    listed = {
        name: digest
        for digest, _, name in (
            line.partition("  ") for line in LIST.read_text(encoding="utf-8").splitlines()
        )
        if name
    }
    present = {path.relative_to(TARGET).as_posix(): _hash(path) for path in _copies()}
    return sorted(name for name in listed | present if listed.get(name) != present.get(name))


def _copies() -> list[Path]:
    return sorted(path for path in TARGET.rglob("*") if path.is_file() and path != LIST)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    raise SystemExit(main())
