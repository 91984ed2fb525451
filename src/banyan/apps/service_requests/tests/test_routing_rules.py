"""Rules of routing: the first that fits decides, and each says why it did not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.apps.service_requests.rules import routing
from banyan.apps.service_requests.rules.routing import Decision, Facts, Outcome, Verdict
from banyan.apps.service_requests.rules.rulesets import Known
from banyan.base.calendar import Calendar

#: A Wednesday: ten in the morning, and half past eleven at night, in Shanghai.
MORNING, NIGHT = datetime(2026, 3, 18, 2, tzinfo=UTC), datetime(2026, 3, 18, 15, 30, tzinfo=UTC)
SPRING_FESTIVAL, MAKE_UP_SATURDAY = datetime(2026, 2, 17, 2, tzinfo=UTC), datetime(2026, 2, 14, 2, tzinfo=UTC)
PATHS = {"north": "town/north/", "n1": "town/north/n1/", "south": "town/south/"}
KNOWN = Known(
    service_codes=frozenset({"lamp", "leak"}),
    groups=frozenset({"lighting", "water"}),
    place_codes=frozenset(PATHS),
    party_codes=frozenset({"great_property"}),
    workers={"great_property": frozenset({"0190aaaa-0000-7000-8000-000000000001"})},
)


def rule(code: str, *, when: dict[str, Any] | None = None, is_active: bool = True, **then: Any) -> dict[str, Any]:
    effect = {"party": "responsible", "way": "grab", **then}
    return {"code": code, "name_zh": code, "name_en": code, "is_active": is_active, "when": when or {}, "then": effect}


def decided(*rules: dict[str, Any], **facts: Any) -> Verdict:
    told = {"service_code": "lamp", "group": "lighting", "kind": "repair", "urgency": "normal", "at": MORNING}
    body = {"rules": list(rules)}
    calendar = Calendar(timezone="Asia/Shanghai")
    ready = routing.compiled(body, calendar=calendar, time_zone="Asia/Shanghai", paths=PATHS)
    return routing.decide(ready, Facts(**{**told, "place_path": "town/north/n1/", **facts}))


@pytest.mark.parametrize(
    ("when", "fits", "fits_not"),
    [
        ({"services": ["leak"]}, {"service_code": "leak"}, {"service_code": "lamp"}),
        ({"services": ["leak"], "groups": ["lighting"]}, {}, {"service_code": "idea", "group": "voice"}),
        ({"kinds": ["hazard", "repair"]}, {}, {"kind": "praise"}),
        ({"urgencies": ["emergency"]}, {"urgency": "emergency"}, {}),
        ({"places": ["north"]}, {"place_path": "town/north/n1/n1-b1/"}, {"place_path": "town/south/s1/"}),
        ({"places": ["north"]}, {"place_path": "town/north/"}, {"place_path": ""}),
        ({"places": ["gone"]}, None, {}),
        ({"weekdays": ["wed"]}, {}, {"at": datetime(2026, 3, 19, 2, tzinfo=UTC)}),
        ({"weekdays": ["thu"]}, {"at": datetime(2026, 3, 18, 16, 30, tzinfo=UTC)}, {}),
        ({"hours": ["22:00-06:00"]}, {"at": NIGHT}, {}),
        ({"hours": ["09:00-12:00", "13:00-17:30"]}, {}, {"at": NIGHT}),
        ({"is_working_time": True}, {"at": MAKE_UP_SATURDAY}, {"at": SPRING_FESTIVAL}),
        ({"is_working_time": False}, {"at": SPRING_FESTIVAL}, {}),
        ({"from_on": "2026-03-18", "until_on": "2026-03-18"}, {}, {"at": datetime(2026, 3, 18, 17, tzinfo=UTC)}),
        ({"words": ["煤气", "Gas"]}, {"words": "楼道里有煤气味"}, {"words": "路灯不亮"}),
        ({"words": ["Gas"]}, {"words": "A smell of GAS in the hall"}, {"words": ""}),
    ],
)
def test_a_rule_fits_where_all_that_it_asks_for_holds(when: dict[str, Any], fits: Any, fits_not: Any):
    assert (
        routing.problems({"rules": [rule("one", when={k: v for k, v in when.items() if v != ["gone"]})]}, KNOWN) == []
    )
    if fits is not None:
        assert decided(rule("one", when=when), **fits).decision is not None

    refused = decided(rule("one", when=when), **fits_not)

    assert refused.decision is None and refused.trace[0].outcome is Outcome.FAILED
    assert refused.trace[0].condition in {*when, "dates", "services"}


def test_the_trace_says_why_each_rule_before_the_first_that_fits_did_not():
    verdict = decided(
        rule("gas", when={"words": ["煤气"]}),
        rule("off", is_active=False),
        rule("north", when={"places": ["north"]}, urgency="high", is_automatic=True),
        rule("rest"),
    )

    outcomes = [(one.rule, one.outcome, one.condition) for one in verdict.trace]
    assert outcomes == [
        ("gas", Outcome.FAILED, "words"),
        ("off", Outcome.SWITCHED_OFF, ""),
        ("north", Outcome.MATCHED, ""),
        ("rest", Outcome.NOT_REACHED, ""),
    ]
    wanted = ("north", "responsible", "grab", "high", True)
    assert verdict.decision is not None
    assert (
        verdict.decision.rule,
        verdict.decision.party,
        verdict.decision.way,
        verdict.decision.urgency,
        verdict.decision.is_automatic,
    ) == wanted


def test_rules_without_an_answer_decide_nothing():
    assert decided().decision is None and decided().trace == ()


_whens = st.fixed_dictionaries(
    {},
    optional={
        "services": st.lists(st.sampled_from(["lamp", "leak"]), min_size=1, max_size=2),
        "urgencies": st.lists(st.sampled_from(["normal", "high"]), min_size=1, max_size=2),
        "places": st.lists(st.sampled_from(["north", "south", "n1"]), min_size=1, max_size=2),
        "words": st.lists(st.sampled_from(["灯", "水"]), min_size=1, max_size=2),
        "is_working_time": st.booleans(),
    },
)
_rules = st.lists(st.tuples(_whens, st.booleans()), max_size=6)
_facts = st.fixed_dictionaries(
    {
        "service_code": st.sampled_from(["lamp", "leak"]),
        "urgency": st.sampled_from(["normal", "high"]),
        "place_path": st.sampled_from(["", *PATHS.values()]),
        "words": st.sampled_from(["", "灯不亮", "漏水"]),
        "at": st.sampled_from([MORNING, NIGHT]),
    }
)


def _slow(when: dict[str, Any], facts: dict[str, Any]) -> bool:
    """Say whether a rule fits, the plain way."""
    paths = [PATHS[code] for code in when.get("places", ())]
    return (
        facts["service_code"] in when.get("services", [facts["service_code"]])
        and facts["urgency"] in when.get("urgencies", [facts["urgency"]])
        and ("places" not in when or any(facts["place_path"][: len(path)] == path for path in paths))
        and ("words" not in when or any(word in facts["words"] for word in when["words"]))
        and ("is_working_time" not in when or when["is_working_time"] is (facts["at"] == MORNING))
    )


@given(_rules, _facts)
def test_the_first_rule_that_fits_decides_and_no_other(rules: list[Any], facts: dict[str, Any]):
    verdict = decided(*(rule(str(i), when=when, is_active=on) for i, (when, on) in enumerate(rules)), **facts)

    first = next((str(i) for i, (when, on) in enumerate(rules) if on and _slow(when, facts)), None)
    assert (verdict.decision.rule if verdict.decision else None) == first
    assert len(verdict.trace) == len(rules)
    assert [one.rule for one in verdict.trace if one.outcome is Outcome.MATCHED] == ([first] if first else [])


@given(_rules, _facts)
def test_a_rule_put_last_changes_nothing_where_another_fits(rules: list[Any], facts: dict[str, Any]):
    made = [rule(str(i), when=when, is_active=on) for i, (when, on) in enumerate(rules)]
    before: Decision | None = decided(*made, **facts).decision

    after = decided(*made, rule("last"), **facts).decision

    assert after == before if before else after is not None and after.rule == "last"


def test_a_document_is_refused_with_every_problem_of_every_rule():
    body = {
        "rules": [
            rule("one", when={"services": ["nothing"], "hours": ["25:00-26:00", "08:00-08:00"], "colour": ["red"]}),
            rule("one", party="nobody", way="post"),
            rule("named", way="assign", handler_account_id="0190aaaa-0000-7000-8000-000000000001"),
            rule("other", party="great_property", way="assign", handler_account_id="somebody"),
            rule("late", when={"from_on": "2026-03-18", "until_on": "2026-03-17", "is_working_time": "yes"}),
            "a rule",
        ],
        "extra": 1,
    }

    found = {(problem.where, problem.code) for problem in routing.problems(body, KNOWN)}

    assert found == {
        ("extra", "unknown"),
        ("rules[5]", "type"),
        ("rules[0].when.services[0]", "unknown"),
        ("rules[0].when.hours[0]", "hours"),
        ("rules[0].when.hours[1]", "hours"),
        ("rules[0].when.colour", "unknown"),
        ("rules[1].code", "taken"),
        ("rules[1].then.party", "unknown"),
        ("rules[1].then.way", "unknown"),
        ("rules[2].then.party", "handler"),
        ("rules[3].then.handler_account_id", "unknown"),
        ("rules[4].when.until_on", "order"),
        ("rules[4].when.is_working_time", "type"),
    }
