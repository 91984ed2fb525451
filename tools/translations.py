"""The catalogues of the second language: one per package, `<package>/locale/zh_Hans/LC_MESSAGES/django.po`.

English is the source.  `update` renews the catalogues from Python (`_`, `gettext`, `mark`, ...) and from the Jinja2
templates, `check` names every sentence without a sound translation, `compile` writes what the running system reads.

    python -m tools.translations update | check | compile [PACKAGE ...]     (apps/audit, faces, ...)
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tools.steps import ROOT, StepFailed, command, say

LOCALE: Final = "zh_Hans"
SOURCES: Final = ROOT / "src" / "banyan"

KEYWORDS: Final[dict[str, Any]] = {
    "_": None,
    "mark": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}

#: As `kit.templating` sets up its environment: white space in {% trans %} blocks must come out the same.
TEMPLATE_OPTIONS: Final = {
    "extensions": "jinja2.ext.i18n,jinja2.ext.do",
    "trim_blocks": "true",
    "lstrip_blocks": "true",
    "newstyle_gettext": "true",
    "silent": "false",
}
_LEFT_OUT: Final = {"tests", "migrations", "static", "static_root", "locale", "__pycache__"}
_PLACEHOLDERS: Final = re.compile(r"%\(\w+\)|%[sd]|\{\w*(?:[.!:\[][^{}]*)?\}|</?[a-z][^>]*>")
#: Words of a catalogue's head that would change at every run or name a person.
_RESTLESS: Final = re.compile(
    r'^"(POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By|Report-Msgid-Bugs-To):.*\n', re.M
)

Key = tuple[str | None, str]


def packages(named: Sequence[str] = ()) -> list[Path]:
    """Return the packages that keep a catalogue, those with sentences or not: all, or those named."""
    if named:
        unknown = [name for name in named if not (SOURCES / name / "__init__.py").exists()]
        if unknown:
            raise StepFailed(f"There is no package {', '.join(unknown)} in src/banyan.")
        return [SOURCES / name for name in named]
    floors = [SOURCES / name for name in ("base", "kit", "engines", "faces", "demo")]
    apps = sorted(folder for folder in (SOURCES / "apps").iterdir() if (folder / "__init__.py").exists())
    return [folder for folder in (*floors, *apps) if folder.is_dir()]


def catalogue_of(package: Path) -> Path:
    """Return where the catalogue of a package lies."""
    return package / "locale" / LOCALE / "LC_MESSAGES" / "django.po"


def extract(package: Path) -> Catalog:
    """Collect the English sentences of one package."""
    catalogue = Catalog(locale=LOCALE, fuzzy=False)
    for file, method in _sources(package):
        options = TEMPLATE_OPTIONS if method == "jinja2" else {}
        for _line, message, comments, context in extract_from_file(
            method, file, KEYWORDS, ("Translators:",), options, True
        ):
            if not _has_words(message):
                continue
            place = file.relative_to(ROOT).as_posix()
            catalogue.add(message, None, [(place, 0)], auto_comments=comments, context=context)
    return catalogue


def _has_words(message: str | tuple[str, ...]) -> bool:
    """Say whether anything is left to translate beside the placeholders: "{reason}" speaks for itself."""
    text = message if isinstance(message, str) else " ".join(message)
    return bool(re.search(r"[^\W\d_]", _PLACEHOLDERS.sub("", text)))


def _sources(package: Path) -> Iterator[tuple[Path, str]]:
    for folder, names, files in os.walk(package):
        names[:] = sorted(name for name in names if name not in _LEFT_OUT)
        for name in sorted(files):
            file = Path(folder) / name
            if name.endswith(".py"):
                yield file, "python"
            elif {"jinja2", "templates"} & set(file.relative_to(package).parts[:-1]) and name.endswith(
                (".html", ".txt")
            ):
                yield file, "jinja2"


def read(package: Path) -> Catalog:
    """Read the catalogue of a package; an empty one where there is none yet."""
    path = catalogue_of(package)
    if not path.exists():
        return Catalog(locale=LOCALE, fuzzy=False)
    with path.open("rb") as file:
        # Without its locale Babel would count Chinese plurals as English ones.
        return read_po(file, locale=LOCALE)


def renewed(package: Path) -> bytes | None:
    """Return the catalogue of a package as it should be written: sentences of today, translations kept; or None."""
    today = extract(package)
    if not len(today):
        return None
    catalogue = read(package)
    catalogue.update(today, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.fuzzy = False
    catalogue.header_comment = "# Sentences in Chinese. `scripts/check --write` renews this file from the sources."
    catalogue.project, catalogue.version = "Banyan", "1"
    out = BytesIO()
    write_po(out, catalogue, width=0, include_lineno=False, sort_output=True, ignore_obsolete=True)
    return _RESTLESS.sub("", out.getvalue().decode()).encode()


def update(named: Sequence[str] = ()) -> list[str]:
    """Write every catalogue anew; return the names of those that changed."""
    changed = []
    for package in packages(named):
        path, text = catalogue_of(package), renewed(package)
        if text is None:
            if path.exists():
                path.unlink()
                changed.append(_name(path))
        elif not path.exists() or path.read_bytes() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
            changed.append(_name(path))
    return changed


def offences(named: Sequence[str] = ()) -> list[str]:
    """Return every sentence without a sound translation, and every catalogue that is not as `update` writes it."""
    found, homes = [], dict[Key, tuple[str, str]]()
    for package in packages(named):
        path, text = catalogue_of(package), renewed(package)
        if (path.read_bytes() if path.exists() else None) != text:
            found.append(f"{_name(path)}: not up to date: scripts/check --write renews it")
        for message in _messages(_parse(text)):
            found += [f"{_name(path)}: {problem}: {message.id!r}" for problem in _problems(message)]
            found += _second_translation(message, _name(path), homes)
    return found


def _parse(text: bytes | None) -> Catalog:
    return read_po(BytesIO(text), locale=LOCALE) if text else Catalog(locale=LOCALE)


def _messages(catalogue: Catalog) -> Iterable[Message]:
    return (message for message in catalogue if message.id)


def _problems(message: Message) -> Iterator[str]:
    sources = (message.id,) if isinstance(message.id, str) else tuple(message.id)
    held_targets = message.string or ""
    targets = (held_targets,) if isinstance(held_targets, str) else tuple(text or "" for text in held_targets)
    if message.fuzzy:
        yield "marked as fuzzy"
    if not all(targets):
        yield "not translated"
        return
    wanted = set(_PLACEHOLDERS.findall(sources[-1]))
    for target in targets:
        held = set(_PLACEHOLDERS.findall(target))
        if held != wanted:
            yield f"placeholders or tags differ ({', '.join(sorted(held ^ wanted))})"
        if target.strip() != target and sources[-1].strip() == sources[-1]:
            yield "space at an end that the source does not have"


def _second_translation(message: Message, home: str, homes: dict[Key, tuple[str, str]]) -> list[str]:
    """Refuse one sentence in two translations: the running system merges all catalogues and one would win by chance."""
    source = message.id if isinstance(message.id, str) else message.id[0]
    key, target = (message.context, source), str(message.string)
    first_home, first = homes.setdefault(key, (home, target))
    if first == target or not message.string:
        return []
    return [f"{home}: {source!r} is {target} here and {first} in {first_home}: agree, or use pgettext"]


def compile_all() -> int:
    """Write the compiled catalogues that are missing or older than their source; return how many."""
    n_written = 0
    for package in packages():
        source = catalogue_of(package)
        target = source.with_suffix(".mo")
        if not source.exists():
            target.unlink(missing_ok=True)
            continue
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        fresh = target.with_suffix(f".mo-{os.getpid()}")
        with fresh.open("wb") as file:
            write_mo(file, read(package))
        fresh.replace(target)
        n_written += 1
    return n_written


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def main(words: Sequence[str]) -> int:
    """Run one of the three verbs."""
    match list(words):
        case ["update", *named]:
            for name in update(named):
                say(f"renewed {name}")
            return 0
        case ["check", *named]:
            found = offences(named)
            for line in found:
                say(line)
            return int(bool(found))
        case ["compile"]:
            compile_all()
            return 0
        case _:
            print("python -m tools.translations update | check | compile [PACKAGE ...]", file=sys.stderr)
            return 2


if __name__ == "__main__":
    command(main)
