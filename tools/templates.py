"""Checks of the page templates: they compile, and keep what the content security policy and accessibility ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from tools.steps import ROOT, command, say

SOURCES: Final = ROOT / "src" / "banyan"
_JINJA: Final = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.S)
_SCRIPT_DATA: Final = {"application/json", "application/ld+json", "application/geo+json", "importmap"}
_OUTSIDE: Final = re.compile(r"^\s*(https?:)?//", re.I)


def jinja_templates() -> list[Path]:
    """Return every Jinja2 template: those in `jinja2/` folders and those of the faces."""
    found = [*SOURCES.glob("**/jinja2/**/*"), *(SOURCES / "faces" / "templates").glob("**/*")]
    return sorted(file for file in found if file.is_file() and file.suffix in (".html", ".txt", ".xml"))


def offences() -> list[str]:
    """Return every offence of every template as `file:line: sentence`."""
    found = [*_compile_offences()]
    django_templates = [file for file in SOURCES.glob("apps/*/templates/**/*.html") if file.is_file()]
    for file in (*jinja_templates(), *django_templates):
        if file.suffix == ".html":
            name = file.relative_to(ROOT).as_posix()
            found += [f"{name}:{line}: {text}" for line, text in page_offences(file.read_text(encoding="utf-8"))]
    return found


def _compile_offences() -> Iterator[str]:
    import django
    from django.template import engines
    from jinja2 import TemplateSyntaxError

    django.setup()
    environment = next(engine.env for engine in engines.all() if hasattr(engine, "env"))
    for file in jinja_templates():
        try:
            environment.compile(file.read_text(encoding="utf-8"), filename=str(file))
        except TemplateSyntaxError as error:
            yield f"{file.relative_to(ROOT).as_posix()}:{error.lineno}: {error.message}"


def page_offences(source: str) -> list[tuple[int, str]]:
    """Return line and sentence of each offence in the source of one template."""
    reader = _Reader()
    reader.feed(_JINJA.sub(_blank, source))
    reader.close()
    found = list(reader.found)
    found += [(line, text) for line, text in _form_offences(source)]
    return sorted(found)


def _blank(tag: re.Match[str]) -> str:
    """Put something of the same number of lines in the place of a tag of the template language."""
    filler = "x" if tag.group().startswith("{{") else " "
    return filler + "\n" * tag.group().count("\n")


def _form_offences(source: str) -> Iterator[tuple[int, str]]:
    for form in re.finditer(
        r"<form\b(?P<head>(?:\{\{.*?\}\}|\{%.*?%\}|[^>])*)>(?P<body>.*?)(?:</form>|\Z)", source, re.S | re.I
    ):
        posts = re.search(r"""\bmethod\s*=\s*["']?post""", form["head"], re.I)
        if posts and "csrf" not in form["body"]:
            yield source.count("\n", 0, form.start()) + 1, "a form that posts carries its csrf token"


class _Reader(HTMLParser):
    """Walks over a template whose own tags were blanked out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        for sentence in (*self._inline(tag, held), *self._missing(tag, held), *self._outside(tag, held)):
            self.found.append((self.getpos()[0], sentence))

    def _inline(self, tag: str, held: dict[str, str | None]) -> Iterator[str]:
        if tag == "script" and "src" not in held and (held.get("type") or "") not in _SCRIPT_DATA:
            yield "no script in a page: put it into a file under static/"
        if tag == "style" or "style" in held:
            yield "no style in a page: put it into the style sheet"
        for name, text in held.items():
            if name.startswith(("on", "hx-on")):
                yield f"no {name}= in a page: listen in a file under static/"
            if (text or "").strip().lower().startswith(("javascript:", "js:")):
                yield f"no script in {name}="

    def _missing(self, tag: str, held: dict[str, str | None]) -> Iterator[str]:
        if tag == "img" and "alt" not in held:
            yield 'an image says in alt what it shows (alt="" where it shows nothing new)'
        if tag == "html" and not held.get("lang"):
            yield "a page names its language in lang"
        if tag == "iframe" and not held.get("title"):
            yield "a frame has a title"

    def _outside(self, tag: str, held: dict[str, str | None]) -> Iterator[str]:
        loads = {"script": "src", "img": "src", "iframe": "src", "link": "href", "source": "src", "video": "src"}
        name = loads.get(tag)
        if name and _OUTSIDE.match(held.get(name) or "") and held.get("rel") != "canonical":
            yield f"nothing is loaded from outside: {held[name]}"


def main(words: Sequence[str]) -> int:
    """Print every offence; 0 when there is none."""
    found = offences()
    for line in found:
        say(line)
    return int(bool(found or words))


if __name__ == "__main__":
    command(main)
