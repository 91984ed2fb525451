"""Answers that a town keeps ready: what a template may say, for what, and how its blanks are filled."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from banyan.base.errors import Problem, mark

if TYPE_CHECKING:
    from banyan.apps.service_requests.rules.rulesets import Known

#: What a template is for: the town's answer in the lists, a step with words, or a return call.
USES: Final = ("answer", "resolve", "reject", "call")
#: The blanks that a template may have.
BLANKS: Final = ("tracking_number", "service", "place", "party", "deadline")
_BLANK: Final = re.compile(r"\{([^{}]*)\}")
_WORDS_LIMIT: Final = 2000
_FIELDS: Final = frozenset({"code", "use", "title_zh", "title_en", "words_zh", "words_en"})

ANSWERS_DEFAULT: Final[Mapping[str, Any]] = {
    "templates": [
        {
            "code": "noted",
            "use": "answer",
            "title_zh": "已收到并安排",
            "title_en": "Noted and arranged",
            "words_zh": "您反映的“{service}”已收到，由{party}负责办理，预计{deadline}前办结。",
            "words_en": "Your report about “{service}” has been received. {party} handles it, by {deadline}.",
        },
        {
            "code": "adopted",
            "use": "answer",
            "title_zh": "建议采纳",
            "title_en": "Taken up",
            "words_zh": "感谢您的建议。我们已采纳，实施情况将在本页面公布。",
            "words_en": "Thank you for your suggestion. We take it up; what is done will be told on this page.",
        },
        {
            "code": "not_now",
            "use": "answer",
            "title_zh": "暂不实施",
            "title_en": "Not for now",
            "words_zh": "感谢您的建议。经研究暂不具备实施条件，原因如下：",
            "words_en": "Thank you for your suggestion. It cannot be done for now, for this reason:",
        },
        {
            "code": "repaired",
            "use": "resolve",
            "title_zh": "已修复",
            "title_en": "Repaired",
            "words_zh": "{place}的“{service}”已处理完毕并试用正常。",
            "words_en": "“{service}” at {place} has been put right and tried out.",
        },
        {
            "code": "outside",
            "use": "reject",
            "title_zh": "不在管理范围",
            "title_en": "Not within the town's duties",
            "words_zh": "您反映的事项不在本镇管理范围内，建议联系：",
            "words_en": "What you report is not within the duties of the town. Please turn to:",
        },
        {
            "code": "call",
            "use": "call",
            "title_zh": "回访用语",
            "title_en": "Return call",
            "words_zh": "您好，您反映的“{service}”（编号{tracking_number}）是否已经解决？对处理结果是否满意？",
            "words_en": "Your report of “{service}” (number {tracking_number}): is it fixed, are you satisfied?",
        },
    ]
}


@dataclass(frozen=True, slots=True)
class Template:
    """One answer kept ready, in both languages."""

    code: str
    use: str
    title_zh: str
    title_en: str
    words_zh: str
    words_en: str

    def filled(self, blanks: Mapping[str, str], *, language: str) -> str:
        """Return the words in a language (``zh`` or ``en``) with the blanks filled; one without a word is left out."""
        words = self.words_zh if language == "zh" else self.words_en
        return _BLANK.sub(lambda found: blanks.get(found[1], ""), words)


def templates(body: Mapping[str, Any], *, use: str = "") -> list[Template]:
    """Return the templates of a document, those for one use or all."""
    found = [Template(**{name: str(words.get(name, "")) for name in _FIELDS}) for words in body["templates"]]
    return [one for one in found if use in ("", one.use)]


def answers_problems(body: Mapping[str, Any], _known: Known) -> list[Problem]:
    """Return every problem of a document of templates."""
    listed = body.get("templates")
    if not isinstance(listed, list) or set(body) - {"templates"}:
        return [Problem("templates", "invalid", mark("The document holds one list named “templates”."))]
    found, seen = [], set[str]()
    for i, words in enumerate(listed):
        where = f"templates[{i}]"
        if not isinstance(words, Mapping) or not all(isinstance(value, str) for value in words.values()):
            found.append(Problem(where, "invalid", mark("A template is a set of named words.")))
            continue
        found += _template_problems(words, where=where, seen=seen)
    return found


def _template_problems(words: Mapping[str, str], *, where: str, seen: set[str]) -> Sequence[Problem]:
    found = [
        Problem(f"{where}.{name}"[:80], "unknown", mark("Nothing of this name is read here."))
        for name in sorted(map(str, set(words) - _FIELDS))
    ]
    code = words.get("code", "")
    if not re.fullmatch(r"[a-z0-9_]{1,40}", code):
        sentence = mark("A code of lower-case letters, digits and underscores is needed.")
        found.append(Problem(f"{where}.code", "required", sentence))
    elif code in seen:
        found.append(Problem(f"{where}.code", "doubled", mark("The code {code} is used twice."), {"code": code}))
    seen.add(code)
    if words.get("use") not in USES:
        value = {"value": words.get("use", "")[:40]}
        found.append(Problem(f"{where}.use", "unknown", mark("A template is for an answer, a step or a call."), value))
    for name in ("title_zh", "title_en", "words_zh", "words_en"):
        limit = 120 if name.startswith("title") else _WORDS_LIMIT
        if not words.get(name, "").strip():
            found.append(Problem(f"{where}.{name}", "required", mark("This is needed in both languages.")))
        if len(words.get(name, "")) > limit:
            found.append(Problem(f"{where}.{name}", "too_long", mark("At most {limit} characters."), {"limit": limit}))
    for name in ("words_zh", "words_en"):
        for blank in sorted(set(_BLANK.findall(words.get(name, ""))) - set(BLANKS)):
            value = {"blank": blank[:40]}
            found.append(Problem(f"{where}.{name}", "unknown_blank", mark("There is no blank named “{blank}”."), value))
    return found
