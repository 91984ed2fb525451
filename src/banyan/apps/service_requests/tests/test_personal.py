"""What tells who somebody is, found in Chinese and English words: hits, misses, and what must hold for any text."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.apps.service_requests.rules import personal
from banyan.apps.service_requests.rules.personal import MARKS, find, hidden, is_identity_number

#: (text, what has to be hidden, each with its kind)
HITS = [
    ("我叫张伟，路灯不亮", [("张伟", "name")]),
    ("我叫张伟明，住在附近", [("张伟明", "name")]),
    ("我是陈大文，住在一号楼", [("陈大文", "name")]),
    ("联系人：欧阳娜娜", [("欧阳娜娜", "name")]),
    ("请联系李建国先生", [("李建国", "name")]),
    ("楼上的王女士说过", [("王", "name")]),
    ("邻居叫刘芳芳，半夜吵", [("刘芳芳", "name")]),
    ("张三 13800138000", [("张三", "name"), ("13800138000", "phone")]),
    ("免贵姓赵", [("赵", "name")]),
    ("电话 138 0013 8000", [("138 0013 8000", "phone")]),
    ("+86 139-1234-5678 打不通", [("+86 139-1234-5678", "phone")]),
    ("１３８００１３８０００", [("１３８００１３８０００", "phone")]),
    ("水管漏水13800138000", [("13800138000", "phone")]),
    ("座机 0755-8765 4321转801", [("0755-8765 4321转801", "phone")]),
    ("(020) 87654321", [("(020) 87654321", "phone")]),
    ("电话是87654321", [("87654321", "phone")]),
    ("身份证11010519491231002X", [("11010519491231002X", "identity")]),
    ("号码440524188001010014。", [("440524188001010014", "identity")]),
    ("老身份证130503670401001", [("130503670401001", "identity")]),
    ("HKID A123456(7)", [("A123456(7)", "identity")]),
    ("护照 E12345678", [("E12345678", "identity")]),
    ("银行卡6222020200112230000", [("6222020200112230000", "bank")]),
    ("card 4111 1111 1111 1111 was charged", [("4111 1111 1111 1111", "bank")]),
    ("粤B·D12345停在消防通道", [("粤B·D12345", "plate")]),
    ("京A12345占道，沪AD12345", [("京A12345", "plate"), ("沪AD12345", "plate")]),
    ("粤Z·F023港 堵路", [("粤Z·F023港", "plate")]),
    ("粤A1234警", [("粤A1234警", "plate")]),
    ("number plate is LB 1234", [("LB 1234", "plate")]),
    ("邮箱a.b@qq.com，微信：zhang_san88", [("a.b@qq.com", "email"), ("zhang_san88", "account")]),
    ("我叫张伟，住3栋502室", [("张伟", "name"), ("3栋502室", "door")]),
    ("My name is John Smith and I live at Flat 3B.", [("John Smith", "name"), ("Flat 3B", "door")]),
    ("my name is ada lovelace, the lamp is out", [("ada lovelace", "name")]),
    ("I'm Mary Jones, from number 9", [("Mary Jones", "name")]),
    ("Mr. O'Neil blocks the gate", [("O'Neil", "name")]),
    ("Call me on (617) 555-1234.", [("(617) 555-1234", "phone")]),
    ("Contact: Mary Jones, +44 20 7946 0958", [("Mary Jones", "name"), ("+44 20 7946 0958", "phone")]),
    ("The bin is full. Thanks, Anna Lee", [("Anna Lee", "name")]),
]
#: What has to stay as it is.
MISSES = [
    *(
        "榕江路12号门口井盖坏了",
        "3栋2单元电梯坏了",
        "5号楼1203室门口堆物",
        "灯杆编号13800138000",
        "路灯 0755-12345 不亮",
    ),
    *("请拨打12345、110、119或120", "打了400-800-1234没人接", "物业热线95598", "业主高空抛物", "我是房东，水管漏水"),
    *("我是陈家村的", "幼儿园老师", "老人跌倒，爷爷很痛", "小区北门路灯不亮", "高层住户反映水压低", "周末施工扰民"),
    *(
        "2026-03-18 10:00 第3次报修",
        "工单号20260318000012345",
        "订单202603180001234567",
        "黄线内停车",
        "时间太长，应该解决",
    ),
    *("33 Beacon St  Boston  MA  02108", "I am reporting a lamp on Main Street", "lamp no. 6175551234 is out"),
    *(
        "Please contact Public Works",
        "call 311 or 911",
        "1-800-555-0199 is the hotline",
        "I am Chinese",
        "Thanks for the quick fix",
    ),
    *(
        "卡 6222 0202 0011 2230 009",
        "第12路公交车",
        "粤江新A区",
        "川流不息",
        "123456789",
        "价格 1,234,567 元",
        "温度38.5度",
        "房间很冷，何时供暖",
    ),
]


@pytest.mark.parametrize(("text", "wanted"), HITS, ids=[text[:24] for text, _ in HITS])
def test_what_tells_who_somebody_is_is_found_whole(text: str, wanted: list[tuple[str, str]]) -> None:
    assert [(text[span.start : span.end], span.kind) for span in find(text)] == wanted


@pytest.mark.parametrize("text", MISSES)
def test_streets_lamps_and_service_numbers_stay(text: str) -> None:
    assert hidden(text) == text


def test_an_identity_number_has_the_check_character_of_the_standard() -> None:
    good = "11010519491231002X"  # the example of GB 11643-1999
    assert is_identity_number(good) and is_identity_number(good.lower())
    wrong = [good[:i] + str((int(good[i]) + 1) % 10) + good[i + 1 :] for i in range(17)]
    assert not any(is_identity_number(number) for number in wrong)


def test_every_kind_has_a_mark_that_both_languages_read() -> None:
    assert {kind for _, hits in HITS for _, kind in hits} == set(MARKS)
    assert all(
        any("\u4e00" <= c <= "\u9fff" for c in mark) and any(c.isascii() for c in mark) for mark in MARKS.values()
    )


_SECRETS = st.sampled_from(
    ["13800138000", "11010519491231002X", "粤B12345", "a.b@qq.com", "4111111111111111", "010-87654321", "+85291234567"]
)
_AROUND = st.text(alphabet="的了，。 \n灯坏a-z请Hello和:：（", max_size=30)
_ANY = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from([text for text, _ in HITS] + MISSES + ["，", " ", "1", "先生", "我叫"]), max_size=5).map(
        "".join
    ),
)


@given(_ANY)
def test_spans_lie_in_the_text_in_order_and_apart(text: str) -> None:
    spans = find(text)
    assert all(0 <= span.start < span.end <= len(text) and span.kind in MARKS for span in spans)
    assert all(one.end <= two.start for one, two in pairwise(spans))
    assert "".join(piece for piece, _ in personal.pieces(text, spans)) == text


@given(_ANY)
def test_hiding_twice_hides_no_more(text: str) -> None:
    once = hidden(text)
    assert hidden(once) == once


@given(_AROUND, _SECRETS, _AROUND)
def test_a_number_never_leaks_whatever_stands_around_it(before: str, secret: str, behind: str) -> None:
    assert secret not in hidden(f"{before} {secret} {behind}")
