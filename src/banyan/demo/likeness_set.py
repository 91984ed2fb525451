"""Labelled pairs of a report and its duplicate, among reports of other things: how well duplicates are found.

Method
------
Reports are drawn by the model of the demonstration town (`requests_model.arrivals`): its services, its mix, its houses
and streets, its sentences in Chinese and English, 180 days of them; the model's own repeats at lifts are switched off,
so that every duplicate has a label.  What is not a duplicate is a distractor: it includes the same service at the same
house, which an outage of a month ago at the same door makes as likely as in life.

A duplicate is made of a report drawn from all of them: 0 to 30 days later; three quarters within 60 m, one quarter 60
to 150 m away (somebody put the pin at the wrong door); one in ten in the other language, the place too, so that only
the meaning is the same; the others say it in other words: synonyms, clauses in another order or left out, the place
named otherwise or not at all, and in one of three a slip of the finger.  One in twenty is filed under a neighbouring
service.

What it cannot tell: the sentences are few (two in Chinese and one in English for each service), so distractors of one
service say the very same but for the place, which is harder than life; rewording follows tables, not people, which is
easier.  Figures of it compare ways of looking with each other; they are no promise for a town.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from banyan.base.rng import stream
from banyan.demo import geometry, parties
from banyan.demo.catalogue import services
from banyan.demo.geometry.terrain import METRES_PER_DEGREE
from banyan.demo.requests_model import Parameters, phrases
from banyan.demo.requests_model.arrivals import Arrival, Arrivals
from banyan.demo.requests_model.happenings import Report

SEED: Final = 1200
N_DAYS: Final = 180
N_REPORTS: Final = 12_500
N_PAIRS: Final = 1_250
#: Shares of the duplicates.
FAR_SHARE: Final = 0.25
OTHER_LANGUAGE: Final = 0.10
MISFILED: Final = 0.05
SLIPPED: Final = 1 / 3
LATEST: Final = timedelta(days=30)
#: The first day of the reports; any will do.
BEGIN: Final = date(2026, 3, 1)

#: What people say instead; each entry is a ring of words that stand for each other.
_SYNONYMS: Final = (
    ("路灯", "街灯", "灯"),
    ("不亮", "不着", "黑着", "没亮"),
    ("坏了", "坏掉了", "出问题了", "用不了"),
    ("看不清", "看不见路", "黑乎乎的"),
    ("请来看看", "麻烦看一下", "希望处理"),
    ("垃圾桶", "垃圾箱", "果皮箱"),
    ("满了", "都满出来了", "塞满了"),
    ("没人清", "没人收", "一直没清理"),
    ("电梯", "升降机", "电梯间"),
    ("停了", "停运了", "不动了"),
    ("漏水", "渗水", "滴水"),
    ("堵住", "堵了", "塞住"),
    ("井盖", "沙井盖", "窨井盖"),
    ("碎了", "裂了", "破了"),
    ("松动", "松了", "不稳"),
    ("味道很大", "很臭", "气味难闻"),
    ("积水", "水浸", "有水"),
    ("停电", "没电", "断电"),
    ("没有水", "停水", "没水"),
    ("楼道", "楼梯间", "过道"),
    ("邻居", "隔壁", "住户"),
    ("老人", "长者", "阿婆"),
    ("小孩", "孩子", "小朋友"),
    ("太大", "很大", "特别吵"),
    ("想", "希望", "打算"),
    ("危险", "不安全", "容易出事"),
    ("建议", "提议", "希望"),
    ("请问", "问一下", "咨询"),
    ("street light", "lamp", "street lamp"),
    ("broken", "damaged", "not working"),
    ("has been", "is", "was"),
    ("pothole", "hole in the road", "hole"),
    ("smells", "stinks", "has a bad smell"),
    ("lift", "elevator", "lift car"),
    ("stands still", "does not move", "is stuck"),
    ("litter bin", "rubbish bin", "bin"),
    ("full", "overflowing", "not emptied"),
    ("leaks", "drips", "is leaking"),
    ("house", "building", "block"),
    ("entrance", "gate", "door"),
    ("too loud", "very loud", "far too noisy"),
    ("Could", "Can", "Please, could"),
)
_BEFORE: Final = {
    "zh": ("", "", "你好，", "又来反映：", "跟之前一样，"),
    "en": ("", "", "Hello, ", "Again: ", "Same as before: "),
}
_AFTER: Final = {
    "zh": ("", "", "，请尽快处理", "，谢谢", "，影响出行"),
    "en": ("", "", " Please help.", " Thank you.", " It is dangerous."),
}
#: Characters that one key of a keyboard gives for another.
_SLIPS: Final = dict(zip("的在坏灯路里水梯那", "得再怀登露理睡提哪", strict=True))


@dataclass(frozen=True, slots=True)
class Labelled:
    """A report of the set: `key` its name, `parent` the name of the report it repeats or ""."""

    key: str
    parent: str
    service: str
    text: str
    lon: float
    lat: float
    at: datetime


@dataclass(frozen=True, slots=True)
class LikenessSet:
    """Reports that stand in the town (parents and distractors), and duplicates that come in."""

    standing: tuple[Labelled, ...]
    duplicates: tuple[Labelled, ...]


def likeness_set(*, n_reports: int = N_REPORTS, n_pairs: int = N_PAIRS, scale: float = 1.0) -> LikenessSet:
    """Make the set; the same numbers give the same set.

    Parameters
    ----------
    n_reports
        About how many reports stand in the town, parents included (the flow of arrivals is random).
    n_pairs
        How many of them get a duplicate.
    scale
        Size of the demonstration town.
    """
    town = geometry.plan_town(seed=SEED, scale=scale)
    numbers = replace(Parameters(), n_days=N_DAYS, n_requests=round(n_reports / scale), lift_followers=0.0)
    days = [BEGIN + timedelta(days=n) for n in range(N_DAYS)]
    zone = ZoneInfo("Asia/Shanghai")
    arrivals = Arrivals(town, parties.organise(town), parameters=numbers, zone=zone).draw(days)
    standing = [_standing(i, arrival) for i, arrival in enumerate(arrivals)]
    rng = stream(SEED, "likeness", "pairs")
    chosen = np.sort(rng.choice(len(arrivals), size=n_pairs, replace=False))
    named = _other_names(town)
    made = [duplicate(arrivals[int(i)], standing[int(i)], named=named) for i in chosen]
    return LikenessSet(tuple(standing), tuple(made))


def _standing(number: int, arrival: Arrival) -> Labelled:
    report = arrival.report
    return Labelled(f"r-{number:05d}", "", report.service, report.text, report.lon, report.lat, arrival.at)


def _other_names(town: geometry.Town) -> dict[str, str]:
    """Return the names of houses and streets, each with its name in the other language."""
    names = [*(building.name for building in town.buildings), *(street.name for street in town.streets)]
    pairs = [(name.zh, name.en) for name in names]
    return {**{en: zh for zh, en in pairs}, **dict(pairs)}


def duplicate(arrival: Arrival, parent: Labelled, *, named: Mapping[str, str]) -> Labelled:
    """Return somebody else's report of the same thing; each has a stream of random numbers of its own.

    `named` gives a place its name in the other language.
    """
    rng, report = stream(SEED, "likeness", parent.key), arrival.report
    lon, lat = _moved(rng, report)
    return Labelled(
        key=f"{parent.key}-again",
        parent=parent.key,
        service=_filed(rng, report.service),
        text=_told_again(rng, arrival, named),
        lon=lon,
        lat=lat,
        at=arrival.at + LATEST * float(rng.random()),
    )


def _moved(rng: np.random.Generator, report: Report) -> tuple[float, float]:
    """Move a point by up to 60 m, or in `FAR_SHARE` of cases 60 to 150 m, in any direction."""
    low, high = (60.0, 150.0) if rng.random() < FAR_SHARE else (0.0, 60.0)
    distance_m, bearing = float(rng.uniform(low, high)), float(rng.uniform(0, 2 * math.pi))
    lon = report.lon + distance_m * math.sin(bearing) / METRES_PER_DEGREE[0]
    lat = report.lat + distance_m * math.cos(bearing) / METRES_PER_DEGREE[1]
    return round(lon, 6), round(lat, 6)


def _filed(rng: np.random.Generator, code: str) -> str:
    service = next(one for one in services() if one.code == code)
    siblings = [one.code for one in services() if one.group == service.group and one.code != code]
    return siblings[int(rng.integers(len(siblings)))] if siblings and rng.random() < MISFILED else code


def _told_again(rng: np.random.Generator, arrival: Arrival, named: Mapping[str, str]) -> str:
    report = arrival.report
    is_english = report.language == "en"
    if rng.random() < OTHER_LANGUAGE:
        language, place = "zh-hans" if is_english else "en", named.get(report.address, report.address)
        return phrases.report(rng, arrival.service, language=language, at=place)
    return reworded(rng, report.text, place=report.address, language="en" if is_english else "zh")


def reworded(rng: np.random.Generator, text: str, *, place: str, language: str) -> str:
    """Say a sentence in other words: synonyms, another order, something left out, now and then a slip."""
    words = text.replace(place, _place(rng, place, language), 1)
    for ring in _SYNONYMS:
        for word in ring:
            if word in words and rng.random() < 0.7:
                words = words.replace(word, ring[int(rng.integers(len(ring)))], 1)
                break
    words = _reordered(rng, words, language)
    words = _pick(rng, _BEFORE[language]) + words + _pick(rng, _AFTER[language])
    return _slipped(rng, words) if rng.random() < SLIPPED else words


def _place(rng: np.random.Generator, place: str, language: str) -> str:
    """Name the place as others do: as it is, shortened, vaguely, or not at all."""
    half = place[: max(2, len(place) // 2)]
    vague = ("附近", "我们这边", "门口") if language == "zh" else ("our place", "here", "the corner")
    return _pick(rng, (place, place, half, half, _pick(rng, vague)))


def _reordered(rng: np.random.Generator, words: str, language: str) -> str:
    comma, stop = ("，", "。") if language == "zh" else (", ", ".")
    told = words.rstrip("。.？?！!").split(comma)
    clauses = [clause.strip("。. ") for clause in told if clause.strip("。. ")]
    if len(clauses) > 1 and rng.random() < 0.35:
        clauses.pop(int(rng.integers(1, len(clauses))))
    if len(clauses) > 1 and rng.random() < 0.4:
        clauses = [clauses[int(i)] for i in rng.permutation(len(clauses))]
    return comma.join(clauses) + (stop if rng.random() < 0.5 else "")


def _slipped(rng: np.random.Generator, words: str) -> str:
    """Make one slip: a character for another that sounds the same, two swapped, or one lost."""
    alike = [i for i, character in enumerate(words) if character in _SLIPS]
    if alike and rng.random() < 0.5:
        i = alike[int(rng.integers(len(alike)))]
        return words[:i] + _SLIPS[words[i]] + words[i + 1 :]
    if len(words) < 3:
        return words
    i = int(rng.integers(len(words) - 1))
    return words[:i] + (words[i + 1] + words[i] if rng.random() < 0.5 else words[i + 1]) + words[i + 2 :]


def _pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]
