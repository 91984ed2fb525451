"""Finding what tells who somebody is in the words of a report, in Chinese and English, and hiding it.

Rules, not learned: each hit can be explained, the same words always give the same answer, and nothing leaves the
house.  They find what has a form (numbers with a check, plates, addresses of e-mail) and what stands behind a cue
(我叫…, …先生, my name is …).  Streets, lamps, buildings and service numbers (12345, 110, 400-…) are left alone.  What
rules miss, people see in the preview: nothing is published without one of the staff.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from banyan.apps.service_requests.rules.names import name_hits

#: Kind -> the mark that takes its place, readable in both languages.
MARKS: Final = {
    "email": "［邮箱 e-mail］",
    "identity": "［证件号 identity number］",
    "bank": "［银行卡号 bank card］",
    "phone": "［电话 phone］",
    "plate": "［车牌 plate］",
    "account": "［账号 account］",
    "name": "［姓名 name］",
    "door": "［门牌 door］",
}
#: Stands for what has been found, so that a rule sees that somebody is named there and finds it once.
_FOUND: Final = "\ue000"
_WIDE: Final = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_IS_MARK: Final = re.compile("|".join(re.escape(mark) for mark in MARKS.values()))
#: No rule finds anything in a text without one of these.
_MAYBE: Final = re.compile(
    r"@|(?:\d\D{0,3}){7}|[我姓名人叫叔伯爷奶婆]|先生|女士|小姐|太太|师傅|阿姨|大妈|大姐|大哥|老师|医生|护士|律师|经理|主任|书记|[科局校]长"
    r"|同志|警官|微信|车牌|电话|证|[\u4e00-\u9fff] ?[A-Za-z]|QQ|(?i:wechat|whatsapp|telegram|plate|licen|passport|vx)"
    r"|(?i:name|called|contact|reported by|signed|regards|sincerely|yours|thank|cheers|ask for|speak )|I am|I['’]m"
    r"|\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Madam)\b"
)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A piece of a text, from its first character to behind its last one, that tells who somebody is."""

    start: int
    end: int
    kind: str


def find(text: str) -> list[Span]:
    """Return what tells who somebody is, in the order of the text; spans never overlap.

    Marks of an earlier hiding are not found again.
    """
    plain = text.translate(_WIDE) if not text.isascii() else text
    if not _MAYBE.search(plain):
        return []
    if "［" in text:
        plain = _IS_MARK.sub(lambda found: _FOUND * len(found[0]), text).translate(_WIDE)
    spans: list[Span] = []
    while fresh := _pass(plain):
        spans += fresh
        for span in fresh:
            plain = plain[: span.start] + _FOUND * (span.end - span.start) + plain[span.end :]
    return sorted(spans)


def redacted(text: str, spans: Sequence[Span]) -> str:
    """Return a text with a mark in the place of each span."""
    parts, at = [], 0
    for span in sorted(spans):
        parts += [text[at : span.start], MARKS[span.kind]]
        at = span.end
    return "".join([*parts, text[at:]])


def hidden(text: str) -> str:
    """Return a text with everything hidden that tells who somebody is; a text without it stays as it is."""
    return redacted(text, find(text))


def pieces(text: str, spans: Sequence[Span]) -> list[tuple[str, str]]:
    """Return a text in pieces, each with the kind of what it tells; "" for what may stay."""
    found, at = [], 0
    for span in sorted(spans):
        found += [(text[at : span.start], ""), (text[span.start : span.end], span.kind)]
        at = span.end
    return [piece for piece in [*found, (text[at:], "")] if piece[0]]


def _pass(plain: str) -> list[Span]:
    """Return what one round of all rules finds; a rule sees no more of what one above it has found."""
    spans: list[Span] = []
    for kind, rule in _RULES:
        for start, end in rule(plain):
            if end > start and _FOUND not in plain[start:end]:
                spans.append(Span(start, end, kind))
                plain = plain[:start] + _FOUND * (end - start) + plain[end:]
    return spans


_Hits = Iterator[tuple[int, int]]

# --- numbers with a form ---------------------------------------------------------------------------------------------

#: What people put between digits.
_GAP: Final = r"[ \-‐-―·.]{0,2}"
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}")
_IDENTITY: Final = re.compile(rf"(?<![0-9A-Za-z])\d(?:{_GAP}\d){{16}}{_GAP}[0-9Xx](?![0-9A-Za-z])")
_OLD_IDENTITY: Final = re.compile(r"(?<![0-9A-Za-z])\d{15}(?![0-9A-Za-z])")
_HONG_KONG_IDENTITY: Final = re.compile(r"(?<![0-9A-Za-z])[A-Z]{1,2}\d{6}\([0-9A]\)")
_NAMED_IDENTITY: Final = re.compile(
    r"(?:身份证|证件|护照|回乡证|居住证|passport|identity card|ID (?:card|number))[^0-9A-Za-z\n]{0,8}"
    r"(?:number |no\.? |is )?(?P<it>[A-Z]{0,2}\d[0-9Xx ]{5,19}[0-9Xx])",
    re.IGNORECASE,
)
_BANK: Final = re.compile(rf"(?<![0-9A-Za-z])[3-6]\d{{3}}(?:{_GAP}\d){{9,15}}(?![0-9A-Za-z])")
_NAMED_BANK: Final = re.compile(
    r"(?:银行卡|储蓄卡|信用卡|卡号|账号|bank card|card number|account number)[^0-9A-Za-z\n]{0,6}(?:is )?"
    rf"(?P<it>\d(?:{_GAP}\d){{11,18}})(?!\d)",
    re.IGNORECASE,
)
#: GB/T 2260: the first two digits of a code of an administrative division.
_PROVINCES: Final = frozenset(
    f"{region}{number}"
    for region, last in ((1, 5), (2, 3), (3, 7), (4, 6), (5, 4), (6, 5), (7, 1), (8, 3))
    for number in range(0 if region == 5 else 1, last + 1)
)
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _emails(plain: str) -> _Hits:
    return (hit.span() for hit in _EMAIL.finditer(plain))


def _identities(plain: str) -> _Hits:
    """Citizen identity numbers by GB 11643-1999, their old form of 15 digits, and numbers that are named as such."""
    for hit in _IDENTITY.finditer(plain):
        if is_identity_number(_digits(hit[0])):
            yield hit.span()
    for hit in _OLD_IDENTITY.finditer(plain):
        if hit[0][:2] in _PROVINCES and _is_day("19" + hit[0][6:12]):
            yield hit.span()
    yield from (hit.span() for hit in _HONG_KONG_IDENTITY.finditer(plain))
    yield from (hit.span("it") for hit in _NAMED_IDENTITY.finditer(plain))


def is_identity_number(number: str) -> bool:
    """Say whether 18 characters are a citizen identity number.

    Source
    ------
    GB 11643-1999: division, day of birth, sequence, and a check character by ISO 7064, MOD 11-2.
    """
    if len(number) != 18 or number[:2] not in _PROVINCES or not _is_day(number[6:14]):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == number[17].upper()


def _is_day(digits: str) -> bool:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])).year >= 1800
    except ValueError:
        return False


def _banks(plain: str) -> _Hits:
    """Card numbers of 13 to 19 digits whose last one is the check digit of ISO/IEC 7812-1 (Luhn)."""
    for hit in _BANK.finditer(plain):
        if _passes_luhn(_digits(hit[0])):
            yield hit.span()
    yield from (hit.span("it") for hit in _NAMED_BANK.finditer(plain))


def _passes_luhn(digits: str) -> bool:
    total = 0
    for i, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + i % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _digits(text: str) -> str:
    return re.sub(r"[^0-9Xx]", "", text)


# --- telephones ------------------------------------------------------------------------------------------------------

_NOT_INSIDE: Final = r"(?<![\d.])(?<!\d[-])"
_MOBILE: Final = re.compile(rf"(?<!\d)(?:(?:\+|00)?86{_GAP})?1[3-9]\d(?:{_GAP}\d){{8}}(?!\d)")
_LANDLINE: Final = re.compile(
    rf"(?<!\d)(?<!\d[ -])(?:(?:\+|00)86{_GAP})?\(?(?:0?10|0?2\d|0[3-9]\d\d)\)?{_GAP}[2-9]\d{{2,3}}{_GAP}\d{{4}}(?!\d)"
    r"(?:\s*(?:转|分机|ext\.?|x)\s*\d{1,6})?"
)
_ABROAD: Final = re.compile(r"(?<![\d+])(?<!\d[ -])(?:\+|00)[1-9]\d{0,2}[ \-.()]{0,2}\d(?:[ \-.()]{0,2}\d){6,11}(?!\d)")
_NORTH_AMERICAN: Final = re.compile(
    rf"{_NOT_INSIDE}(?:1[-. ])?(?:\((?P<a>[2-9]\d\d)\) ?|(?P<b>[2-9]\d\d)[-. ])[2-9]\d\d[-. ]\d{{4}}(?!\d)"
)
_BRITISH: Final = re.compile(r"(?<!\d)(?<!\d[ -])0\d{2,4} \d{3,4} \d{3,4}(?!\d)")
_AFTER_CUE: Final = re.compile(
    r"(?:电话|座机|手机号?|号码|致电|拨打|联系我|phone|tel|mobile|call(?: me)?|text me)"
    r"(?:号码?|is|no\.?|number|on|at|是|为|[\s:：.，,]){0,6}"
    rf"(?P<it>[2-9]\d{{2,3}}{_GAP}\d{{3,4}}(?:{_GAP}\d{{2,4}})?)(?!\d)",
    re.IGNORECASE,
)
#: In front of a number that is no telephone: of a lamp, of a ticket.
_OF_A_THING: Final = re.compile(
    r"(?:灯杆|杆号|路灯|编号|单号|工单|案件|设备|资产|井盖|lamp|pole|ticket|case|asset|order|serial)"
    r"[号码]?\W{0,3}(?:no\.?|number|id|#)?\W{0,3}$",
    re.IGNORECASE,
)
#: Numbers that a service pays for: they are nobody's own.
_OF_A_SERVICE: Final = frozenset(["400", "800", "888", "877", "866", "855", "844", "833"])


def _phones(plain: str) -> _Hits:
    for pattern in (_MOBILE, _ABROAD, _LANDLINE, _NORTH_AMERICAN, _BRITISH):
        for hit in pattern.finditer(plain):
            groups = hit.groupdict()
            if (groups.get("a") or groups.get("b")) in _OF_A_SERVICE:
                continue
            if not _OF_A_THING.search(plain[max(0, hit.start() - 20) : hit.start()]):
                yield hit.span()
    for hit in _AFTER_CUE.finditer(plain):
        if not hit["it"].startswith(("400", "800")):
            yield hit.span("it")


# --- plates and accounts ---------------------------------------------------------------------------------------------

_PLATE_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_SERIAL: Final = "A-HJ-NP-Z0-9"
_PLATE: Final = re.compile(
    rf"[{_PLATE_PROVINCES}][ ]?[A-HJ-NP-Z][ ·•.\-]{{0,2}}"
    rf"(?:(?:[A-HJK][{_SERIAL}]\d{{4}}|\d{{5}}[A-HJK])(?![A-Z0-9])|[{_SERIAL}]{{4}}(?:[挂学警港澳领]|[{_SERIAL}](?![A-Z0-9])))",
    re.IGNORECASE,
)
_NAMED_PLATE: Final = re.compile(
    r"(?:车牌号?码?|(?:number|licen[cs]e|registration) plate|plate number|licen[cs]e number)"
    r"(?:\s*(?:is|是|为|[:：]))?\s*"
    r"(?P<it>(?=[A-Z -]{0,6}\d)[A-Z0-9](?:[ -]?[A-Z0-9]){3,7})(?![A-Z0-9])",
    re.IGNORECASE,
)
_ACCOUNT: Final = re.compile(
    r"(?:微信号?|wechat(?: id)?|vx|QQ号?|whatsapp|telegram)(?:\s*(?:is|是|为|[:：]))?\s*"
    r"(?P<it>@?[A-Za-z][A-Za-z0-9_-]{5,19}|\d{5,12})(?![A-Za-z0-9])",
    re.IGNORECASE,
)


def _plates(plain: str) -> _Hits:
    """Plates by GA 36-2018 (also of new-energy vehicles, and of Hong Kong and Macau), and those that are named so."""
    for hit in _PLATE.finditer(plain):
        if sum(character.isdigit() for character in hit[0]) >= 2:
            yield hit.span()
    yield from (hit.span("it") for hit in _NAMED_PLATE.finditer(plain))


def _accounts(plain: str) -> _Hits:
    return (hit.span("it") for hit in _ACCOUNT.finditer(plain) if hit["it"].lower() not in {"wechat", "whatsapp"})


# --- doors beside somebody -------------------------------------------------------------------------------------------

_ROOM: Final = re.compile(
    r"(?:\d{1,4}\s?(?:栋|幢|座|号楼|号院)\s?)?(?:\d{1,3}\s?单元\s?)?\d{2,4}\s?(?:室|号房|房(?!间|东|屋|子|产)|户)"
    r"|(?<![\d-])\d{1,3}(?:栋|幢|座|号楼)\s?\d{3,4}(?!\d)|(?<![\d-])\d{1,3}-\d{1,2}-\d{3,4}(?![\d-])"
    r"|\b(?:flat|apt\.?|apartment|room|rm\.?|unit|suite)\s?#?[A-Z]?\d{1,5}[A-Z]?\b",
    re.IGNORECASE,
)
#: A door tells who somebody is where somebody is named this near, in characters.
_NEAR: Final = 16


def _doors(plain: str) -> _Hits:
    for hit in _ROOM.finditer(plain):
        start, end = hit.span()
        beside = plain[max(0, start - _NEAR) : start] + "\n" + plain[end : end + _NEAR]
        if _FOUND in beside:
            yield start, end


_RULES: Final[Sequence[tuple[str, Callable[[str], _Hits]]]] = (
    ("email", _emails),
    ("identity", _identities),
    ("bank", _banks),
    ("phone", _phones),
    ("plate", _plates),
    ("account", _accounts),
    ("name", name_hits),
    ("door", _doors),
)
