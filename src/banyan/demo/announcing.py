"""What the demonstration town announces, around the moment at which its story ends; told to nobody, as all replay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from banyan.apps.notices import actions
from banyan.apps.territory import queries as territory
from banyan.apps.territory.queries import Town
from banyan.demo.settling import FOUNDER
from banyan.kit import facts, scopes


@dataclass(frozen=True, slots=True)
class Said:
    """One announcement; hours count from the end of the story, and it is published `published_h` before."""

    kind: str
    place_code: str
    from_h: float
    until_h: float | None
    published_h: float
    titles: tuple[str, str]
    texts: tuple[str, str]


ANNOUNCED: Final = (
    Said(
        "water_cut",
        "jiangwan",
        9,
        15,
        26,
        ("江湾社区计划停水", "Water off in Jiangwan"),
        (
            "供水管网检修，请提前储水。恢复供水后请先放水两分钟再使用。",
            "The mains are being repaired. Please store water beforehand, and let it run for two minutes afterwards.",
        ),
    ),
    Said(
        "event",
        "jiangwan",
        70,
        74,
        50,
        ("周末便民服务集市", "Weekend service fair"),
        (
            "免费理发、磨刀、量血压，地点在社区服务站门前。欢迎街坊邻居参加。",
            "Free haircuts, sharpened knives and blood pressure checks in front of the service station. Welcome!",
        ),
    ),
    Said(
        "policy",
        "",
        -72,
        None,
        72,
        ("电动自行车停放管理办法", "Rules for parking electric bicycles"),
        (
            "楼道、门厅内不得停放和充电，请使用小区充电棚。办法自公布之日起施行。",
            "No parking or charging in stairwells and halls: please use the charging sheds. In force from today.",
        ),
    ),
    Said(
        "power_cut",
        "JW-02",
        -30,
        -24,
        80,
        ("配电房检修停电", "Power off for repairs"),
        ("电梯停运，请合理安排出行。", "Lifts stand still meanwhile. Please plan your ways."),
    ),
)


def announce(town: Town, *, now: datetime) -> int:
    """Let the town announce what it has to say; return how much of it, for a small one lacks places."""
    with scopes.town(town.id), scopes.action_transaction(), facts.quietly():
        known = territory.tree(town).by_code
        wanted = [said for said in ANNOUNCED if not said.place_code or said.place_code in known]
        for said in wanted:
            _announce(town, said, now=now)
    return len(wanted)


def _announce(town: Town, said: Said, *, now: datetime) -> None:
    at = now - timedelta(hours=said.published_h)
    words = actions.Words(
        kind=said.kind,
        place_code=said.place_code,
        title_zh=said.titles[0],
        title_en=said.titles[1],
        text_zh=said.texts[0],
        text_en=said.texts[1],
        from_at=now + timedelta(hours=said.from_h),
        until_at=now + timedelta(hours=said.until_h) if said.until_h is not None else None,
    )
    row = actions.write(actor=FOUNDER, town=town, words=words, at=at)
    actions.publish(actor=FOUNDER, town=town, announcement_id=row.id, version=row.version, at=at)
