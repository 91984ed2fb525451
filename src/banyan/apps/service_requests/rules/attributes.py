"""What a service asks beside the words: the definition of its attributes, and the values that a report gives.

The shape is the service definition of Open311 GeoReport v2 with its words in two languages.  One attribute:
``{"code", "datatype", "required", "variable", "order", "description_zh", "description_en", "datatype_description_zh",
"datatype_description_en", "values": [{"key", "name_zh", "name_en"}]}``.  Where `variable` is false it asks nothing and
tells its description.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from banyan.apps.service_requests.rules.states import words_problems
from banyan.base.errors import Problem, mark


class Datatype(StrEnum):
    """What an attribute takes: GeoReport v2, service definition."""

    STRING = "string"
    NUMBER = "number"
    DATETIME = "datetime"
    TEXT = "text"
    SINGLE = "singlevaluelist"
    MULTI = "multivaluelist"


Attribute = Mapping[str, Any]
#: A value as it is kept: text, or the keys of a list of several.
Value = str | list[str]

LISTS: Final = frozenset({Datatype.SINGLE, Datatype.MULTI})
MOST_ATTRIBUTES: Final = 20
MOST_VALUES: Final = 60
STRING_LIMIT: Final = 200
TEXT_LIMIT: Final = 4000
_WORDS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("description_zh", "description_en"), 400),
    **dict.fromkeys(("datatype_description_zh", "datatype_description_en"), 200),
}
_FLAGS: Final[Mapping[str, bool]] = {"required": False, "variable": True}
_VALUE_WORDS: Final = ("key", "name_zh", "name_en")
_KNOWN: Final = frozenset({"code", "datatype", "order", "values", *_WORDS, *_FLAGS})
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}", re.ASCII)
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,59}", re.ASCII)
_NUMBER: Final = re.compile(r"[-+]?\d{1,12}(\.\d{1,9})?", re.ASCII)
_NEEDS_BOTH: Final = mark("This is needed in both languages.")


# --- definitions -----------------------------------------------------------------------------------------------------


def read_attributes(given: Any, *, at: str = "attributes") -> tuple[list[dict[str, Any]], list[Problem]]:
    """Return the attributes of a service in their order, each whole and of the right types, and every problem.

    Parameters
    ----------
    given
        A list of objects as in the head of this room; what is left out has its default, `order` its place in the list.
    at
        Where the list stands, for the problems.
    """
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        return [], [Problem(at, "type", mark("This is a list of attributes."))]
    problems: list[Problem] = []
    if len(given) > MOST_ATTRIBUTES:
        problems.append(Problem(at, "too_many", mark("At most {limit} of these."), {"limit": MOST_ATTRIBUTES}))
    found = [_attribute(f"{at}[{i}]", one, i + 1, problems) for i, one in enumerate(given[:MOST_ATTRIBUTES])]
    for name in ("code", "order"):
        for i in _doubled([one[name] for one in found]):
            value = {"value": found[i][name]}
            problems.append(Problem(f"{at}[{i}].{name}", "doubled", mark("“{value}” is used twice."), value))
    return sorted(found, key=lambda one: one["order"]), problems


def _attribute(at: str, given: Attribute, place: int, problems: list[Problem]) -> dict[str, Any]:
    problems += _unknown_names(at, given, _KNOWN)
    code, datatype = _code(at, given, problems), _datatype(at, given, problems)
    found: dict[str, Any] = {"code": code, "datatype": str(datatype)}
    for name, default in _FLAGS.items():
        value = given.get(name, default)
        if not isinstance(value, bool):
            problems.append(Problem(f"{at}.{name}", "type", mark("This is yes or no (true or false).")))
        found[name] = value if isinstance(value, bool) else default
    if found["required"] and not found["variable"]:
        problems.append(Problem(f"{at}.required", "invalid", mark("What only tells something cannot be required.")))
    order = given.get("order", place)
    if isinstance(order, bool) or not isinstance(order, int) or not 1 <= order <= 1000:
        problems.append(Problem(f"{at}.order", "range", mark("The order is a whole number from 1 on.")))
        order = place
    found["order"] = order
    found |= {name: _word(at, name, given.get(name, ""), limit, problems) for name, limit in _WORDS.items()}
    if not (found["description_zh"] and found["description_en"]):
        problems.append(Problem(f"{at}.description", "required", _NEEDS_BOTH))
    found["values"] = _values(at, given.get("values", []), datatype, problems)
    return found


def _code(at: str, given: Attribute, problems: list[Problem]) -> str:
    code = given.get("code", "")
    if isinstance(code, str) and _CODE.fullmatch(code):
        return code
    sentence = mark("A code is 1 to 40 letters, digits, dots, hyphens or underscores.")
    problems.append(Problem(f"{at}.code", "pattern", sentence))
    return ""


def _datatype(at: str, given: Attribute, problems: list[Problem]) -> Datatype:
    datatype = given.get("datatype", str(Datatype.STRING))
    if isinstance(datatype, str) and datatype in set(Datatype):
        return Datatype(datatype)
    value = {"value": str(datatype)[:40]}
    problems.append(Problem(f"{at}.datatype", "unknown", mark("There is no type of data “{value}”."), value))
    return Datatype.STRING


def _values(at: str, given: Any, datatype: Datatype, problems: list[Problem]) -> list[dict[str, str]]:
    at = f"{at}.values"
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        problems.append(Problem(at, "type", mark("This is a list of keys with their names.")))
        return []
    if datatype not in LISTS:
        if given:
            problems.append(Problem(at, "not_taken", mark("Only lists have values to choose from.")))
        return []
    if not given:
        problems.append(Problem(at, "required", mark("A list needs values to choose from.")))
    if len(given) > MOST_VALUES:
        problems.append(Problem(at, "too_many", mark("At most {limit} of these."), {"limit": MOST_VALUES}))
    found = []
    for i, one in enumerate(given[:MOST_VALUES]):
        problems += _unknown_names(f"{at}[{i}]", one, frozenset(_VALUE_WORDS))
        words = {name: _word(f"{at}[{i}]", name, one.get(name, ""), 120, problems) for name in _VALUE_WORDS}
        if not _KEY.fullmatch(words["key"]):
            sentence = mark("A key is 1 to 60 letters, digits, dots, colons, hyphens or underscores.")
            problems.append(Problem(f"{at}[{i}].key", "pattern", sentence))
        if not (words["name_zh"] and words["name_en"]):
            problems.append(Problem(f"{at}[{i}].name", "required", mark("A name is needed in both languages.")))
        found.append(words)
    for i in _doubled([one["key"] for one in found]):
        value = {"value": found[i]["key"]}
        problems.append(Problem(f"{at}[{i}].key", "doubled", mark("“{value}” is used twice."), value))
    return found


def _unknown_names(at: str, given: Attribute, known: frozenset[str]) -> list[Problem]:
    return [
        Problem(f"{at}.{str(name)[:60]}", "unknown", mark("There is no field “{name}”."), {"name": str(name)[:60]})
        for name in given
        if name not in known
    ]


def _word(at: str, name: str, value: Any, limit: int, problems: list[Problem]) -> str:
    if not isinstance(value, str):
        problems.append(Problem(f"{at}.{name}", "type", mark("This is text.")))
        return ""
    problems += [
        Problem(f"{at}.{name}", one.code, one.sentence, one.facts) for one in words_problems({name: value}, limit=limit)
    ]
    return " ".join(value.split())


def _doubled(values: Sequence[Any]) -> list[int]:
    """Return the places at which a value stands that stood before; what is empty has its own problem."""
    return [i for i, value in enumerate(values) if value != "" and value in values[:i]]


# --- values ----------------------------------------------------------------------------------------------------------


def read_values(
    given: Mapping[str, str | Sequence[str]], attributes: Iterable[Attribute]
) -> tuple[dict[str, Value], list[Problem]]:
    """Return the values that a report gives for the attributes of its service, and every problem.

    Parameters
    ----------
    given
        Code -> a value as text, or several; empty ones count as not given.  A number is decimal; a date and time is
        ISO 8601 with its zone; of a list it is the key.

    Returns
    -------
    tuple
        Code -> value as it is kept, in the order of the attributes.  Problems stand at ``attribute[code]``.
    """
    asked = {one["code"]: one for one in attributes if one["variable"]}
    problems = [
        Problem(
            f"attribute[{code[:60]}]", "unknown", mark("This service does not ask for “{value}”."), {"value": code[:60]}
        )
        for code in given
        if code not in asked
    ]
    found: dict[str, Value] = {}
    for code, attribute in asked.items():
        words = _words_of(given.get(code, ""))
        if not words:
            if attribute["required"]:
                problems.append(Problem(f"attribute[{code}]", "required", mark("This is needed.")))
            continue
        value = _value(attribute, words, problems)
        if value is not None:
            found[code] = value
    return found, problems


def _words_of(given: str | Sequence[str]) -> list[str]:
    several = [given] if isinstance(given, str) else given
    return list(dict.fromkeys(word for one in several if (word := one.replace("\r\n", "\n").strip())))


def _value(attribute: Attribute, words: list[str], problems: list[Problem]) -> Value | None:
    where, datatype = f"attribute[{attribute['code']}]", attribute["datatype"]
    if datatype in LISTS:
        keys = {one["key"] for one in attribute["values"]}
        strange = [word for word in words if word not in keys]
        sentence = mark("“{value}” is none of the choices.")
        problems += [Problem(where, "unknown", sentence, {"value": word[:60]}) for word in strange]
        if strange:
            return None
        if datatype == Datatype.MULTI:
            return words
    if len(words) > 1:
        problems.append(Problem(where, "too_many", mark("Only one value can be given.")))
        return None
    (word,) = words
    wrong = _wrong(word, datatype)
    problems += [Problem(where, one.code, one.sentence, one.facts) for one in wrong]
    return None if wrong else _kept(word, datatype)


def _wrong(word: str, datatype: str) -> list[Problem]:
    """Return what is wrong with one value of a type."""
    if datatype == Datatype.NUMBER and not _NUMBER.fullmatch(unicodedata.normalize("NFKC", word)):
        return [Problem("", "number", mark("A number is needed, such as 12 or 3.5."))]
    if datatype == Datatype.DATETIME and _instant(word) is None:
        sentence = mark("A date and time with its zone is needed, such as 2026-03-18T10:00:00+08:00.")
        return [Problem("", "time", sentence)]
    if datatype == Datatype.STRING and "\n" in word:
        return [Problem("", "invalid", mark("One line only."))]
    limit = TEXT_LIMIT if datatype == Datatype.TEXT else STRING_LIMIT
    return words_problems({"": word}, limit=limit)


def _kept(word: str, datatype: str) -> str:
    if datatype == Datatype.NUMBER:
        return unicodedata.normalize("NFKC", word).removeprefix("+")
    if datatype == Datatype.DATETIME:
        at = _instant(word)
        return at.isoformat(timespec="seconds") if at else word
    return word


def _instant(text: str) -> datetime | None:
    """Return a date and time with its zone, None where it is none or out of all measure."""
    try:
        at = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        return None
    return at if at.tzinfo is not None and 1900 <= at.year <= 9000 else None


def said(value: Any, attribute: Attribute | None, *, language: str) -> str:
    """Return a kept value in words: the names of what was chosen (`language`: zh or en), else as it stands."""
    names = {one["key"]: one[f"name_{language}"] for one in attribute["values"]} if attribute else {}
    keys = value if isinstance(value, list) else [value]
    return ("、" if language == "zh" else ", ").join(names.get(str(key), str(key)) for key in keys)
