"""Pages and their sentences keep what was promised, and the checks that watch over them see what they should."""

from __future__ import annotations

import pytest
from babel.messages.catalog import Message

from tests.house.checkout import name, none_of
from tests.house.test_words import CHINESE
from tools import templates, translations

SOUND = """
<html lang="{{ language() }}"><body>
{# <script>alert(1)</script> is only a comment #}
<script src="{{ static('banyan/banyan.js') }}" defer></script>
<script type="application/json" id="points">{{ points }}</script>
<img src="{{ photo.url }}" alt="{{ photo.caption if photo.caption > "" else _("Photo") }}">
<form method="post" {% if big %}enctype="multipart/form-data"{% endif %}>
  {{ csrf() }}<button>{{ _("Send") }}</button>
</form>
<form method="get"><input name="q"></form>
<a href="https://example.org">{{ _("Further") }}</a>
</body></html>
"""


def test_every_template_keeps_the_rules_of_pages() -> None:
    none_of(templates.offences(), sentence="Templates compile and keep the rules of pages.")


def test_every_sentence_is_there_in_both_languages() -> None:
    none_of(translations.offences(), sentence="Each sentence has its translation, with the same placeholders.")


def test_no_page_speaks_one_language_only() -> None:
    offenders = [
        f"{name(file)}:{number} {line.strip()[:80]}"
        for file in templates.jinja_templates()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if "gallery" not in file.parts
        and 'lang="zh' not in line
        and CHINESE.search(line.replace("简体中文", "").replace("中文", ""))
    ]
    none_of(
        offenders, sentence="Templates are written in English; the Chinese of their sentences is in the catalogues."
    )


def test_a_sound_page_is_left_in_peace() -> None:
    assert templates.page_offences(SOUND) == []


@pytest.mark.parametrize(
    ("page", "word"),
    [
        ("<script>let a = 1</script>", "no script"),
        ('<script type="module">import "./x.mjs"</script>', "no script"),
        ("<style>p { color: red }</style>", "no style"),
        ('<p style="color: {{ colour }}">x</p>', "no style"),
        ('<button onclick="go()">x</button>', "onclick"),
        ('<div hx-on:click="go()">x</div>', "hx-on"),
        ('<a href="javascript:go()">x</a>', "no script in href"),
        ('<img src="{{ url }}">', "alt"),
        ("<html><body></body></html>", "lang"),
        ('<script src="//cdn.example.org/x.js"></script>', "outside"),
        ('<link rel="stylesheet" href="https://fonts.example.org/x.css">', "outside"),
        ('<form method="post"><button>x</button></form>', "csrf"),
        ('<form action="{{ url("a") if a > b else "" }}" method=POST><button>x</button></form>', "csrf"),
    ],
)
def test_an_offence_on_a_page_is_seen_with_its_line(page: str, word: str) -> None:
    found = templates.page_offences(f"\n{{# a comment\nof two lines #}}\n{page}")

    assert [line for line, text in found if word in text] == [4], found


@pytest.mark.parametrize(
    ("source", "target", "word"),
    [
        ("Good morning", "", "not translated"),
        ("{n} requests", "{m} 件", "differ"),
        ("%(time)s ago", "刚才", "differ"),
        ("Read <b>this</b>", "请读这个", "differ"),
        (("%(n)d day", "%(n)d days"), ("天",), "differ"),
        ("Good morning", "早上好 ", "space"),
    ],
)
def test_an_unsound_translation_is_seen(source: str | tuple[str, str], target: str | tuple[str], word: str) -> None:
    found = list(translations._problems(Message(source, target)))

    assert any(word in text for text in found), found


def test_a_chinese_plural_needs_only_one_form() -> None:
    assert list(translations._problems(Message(("%(n)d day", "%(n)d days"), ("%(n)d 天",)))) == []
