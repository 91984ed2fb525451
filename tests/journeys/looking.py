"""What every page of a journey is held to, whoever looks at it."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page

#: Rules of WCAG 2.2 at level A and AA.
_LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_AXE = "async (levels) => (await axe.run(document, {runOnly: levels})).violations"
#: Words of people and of the town's own records: they stand in the language in which they were written.
_OF_PEOPLE = (
    ".line-note, .said, q, textarea, .menu-sheet > p, .code, code, kbd, .hash, "
    ".entry-foot span:has(use[href$='#comment']), #board tbody th > a, [data-board] .entry-title > a, .quick .sr, "
    "#board .tick"
)
#: Every piece of text that a reader sees or hears, with the words of people left out.
_TEXTS = """(of_people) => {
  const own = document.documentElement.lang;
  const foreign = (element) => { const named = element.closest("[lang]"); return named && named.lang !== own; };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.replace(/\\s+/g, " ").trim();
    if (!text || element.closest("script, style, noscript, template, .maplibregl-map")) continue;
    if (element.closest(of_people) || foreign(element)) continue;
    const option = element.closest("option, optgroup");
    if (!(option ?? element).closest("select, :not(option):not(optgroup)").checkVisibility()) continue;
    found.push(text);
  }
  for (const element of document.querySelectorAll("[aria-label], [title], [alt], [placeholder]")) {
    if (element.closest(of_people) || foreign(element) || element.closest(".maplibregl-map")) continue;
    for (const name of ["aria-label", "title", "alt", "placeholder"]) {
      if (element.getAttribute(name)) found.push(element.getAttribute(name));
    }
  }
  return [...new Set(found)];
}"""
_TOO_WIDE = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  return [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > wide + 1 && one.checkVisibility())
    .slice(0, 5).map((one) => one.outerHTML.slice(0, 160));
}"""
_CJK = re.compile(r"[\u3400-\u9fff]")
_LATIN_WORDS = re.compile(r"[A-Za-z]{2,}")
#: What is the same in every language.
_NAMES = re.compile(r"简体中文|\b(?:English|Banyan|JSON|CSV|GeoJSON|UTF-8|WGS84|GPS|GCJ-02|BD-09|Baidu|API|QR|Enter)\b")
_CODE_LIKE = re.compile(r"\S*[\d_./@:=-]\S*")


def texts_in_the_wrong_language(page: Page, *, language: str, names: frozenset[str] = frozenset()) -> list[str]:
    """Return what a reader of the page sees in the other language; `names` of people and places are left out."""
    found: list[str] = page.evaluate(_TEXTS, _OF_PEOPLE)
    if language == "en":
        return [text for text in found if _CJK.search(_NAMES.sub("", _without(text, names)))]
    return [text for text in found if not _CJK.search(text) and len(_words(text)) >= 2]


def _without(text: str, names: frozenset[str]) -> str:
    for name in names:
        text = text.replace(name, "")
    return text


def _words(text: str) -> list[str]:
    return _LATIN_WORDS.findall(_CODE_LIKE.sub(" ", _NAMES.sub(" ", text)))


def too_wide(page: Page) -> list[str]:
    """Return what sticks out at the right of a page that can be pushed sideways."""
    found: list[str] = page.evaluate(_TOO_WIDE)
    return found


def barriers(page: Page, axe: str) -> list[str]:
    """Return what axe-core finds, one line for each element."""
    page.evaluate(axe)
    found: list[dict[str, Any]] = page.evaluate(_AXE, _LEVELS)
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]
