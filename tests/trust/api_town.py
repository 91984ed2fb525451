"""What a town has to hold so that each operation of the API can succeed, and the words with which it does."""

from __future__ import annotations

import io
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from PIL import Image

from banyan.apps.accounts import actions as accounts
from banyan.apps.accounts import queries as account_queries
from banyan.apps.audit import actions as audit
from banyan.apps.notices.tests.announced import published, written
from banyan.apps.notices.tests.post import channel
from banyan.apps.service_requests import actions
from banyan.apps.service_requests.rules.rulesets import SUBJECTS
from banyan.apps.service_requests.tests.desk import Desk
from tests.towns import NOW, SmallTown

_INSIDE: Final = {
    "lon": {"type": "number", "minimum": 113.301, "maximum": 113.399},
    "lat": {"type": "number", "minimum": 23.001, "maximum": 23.099},
}
_ROBOT: Final = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
_INCIDENT: Final = {
    "title_zh": "停电",
    "title_en": "Power cut",
    "place_code": "north",
    "starts_at": "2026-03-18T00:00:00Z",
    "service_codes": ["lamp"],
}
_ANNOUNCED: Final = {
    "kind": "water_cut",
    "title_zh": "北一格停水",
    "title_en": "Water off in North 1",
    "text_zh": "请提前储水。",
    "text_en": "Please store water.",
    "from_at": "2026-03-19T02:00:00Z",
    "until_at": "2026-03-19T08:00:00Z",
    "place": "n1",
}


@dataclass(frozen=True, slots=True)
class Alive:
    """Values of path parameters that lead somewhere, and what single operations need of their own.

    Each operation that uses something up has something of its own, so that no other example takes it away.
    """

    everywhere: Mapping[str, list[Any]]
    addresses: Mapping[str, Mapping[str, list[Any]]]
    """Operation -> parameter (of path or query) -> values."""
    bodies: Mapping[str, Mapping[str, Any]]
    """Operation -> the body with which it succeeds."""


_Addresses = dict[str, dict[str, list[Any]]]
_Bodies = dict[str, dict[str, Any]]


def picture() -> bytes:
    """Return a small photo."""
    made = io.BytesIO()
    Image.new("RGB", (64, 48), "orange").save(made, "PNG")
    return made.getvalue()


def alive(town: SmallTown) -> Alive:
    """Fill a small town by actions until every operation finds what it needs."""
    addresses: _Addresses = {"read_rates": {"from_on": ["2026-03-01"], "until_on": ["2026-03-31"]}}
    bodies: _Bodies = {}
    for fill in (_same, _incidents, _joint, _decided, _announced, _heard_and_ruled):
        fill(town, addresses, bodies)
    return Alive(_everywhere(town), addresses, bodies)


def _everywhere(town: SmallTown) -> dict[str, list[Any]]:
    requests = [town.report(contact_name="王一", contact_phone="13800000000").id for _ in range(3)]
    for request in requests[1:]:
        town.walk(request, until="resolved")
    with town.scope():
        manager, resident = town.actor("manager"), town.actor("resident")
        photos = actions.add_photos(
            actor=resident, town=town.town, service_request_id=requests[0], photos=[picture()], moment="report", at=NOW
        )
        audit.seal(at=NOW + timedelta(days=1))
        role = accounts.grant(
            actor=manager, town=town.town, account_id=town.accounts["neighbour"], role="auditor", at=NOW
        )
        accounts.issue_token(actor=resident, town=town.town, name="spare", at=NOW)
        tokens = account_queries.tokens_of(town.accounts["resident"], town_id=town.town.id, at=NOW)
    return {
        "town": [town.town.slug],
        "service_request_id": [str(one) for one in requests],
        "photo_id": [str(photo.id) for photo in photos],
        "party_id": [str(one) for one in town.parties.values()],
        "membership_id": [str(role.id)],
        "token_id": [str(token.id) for token in tokens],
        "code": ["n1", "lamp", "north"],
        "account_id": [str(town.accounts["neighbour"])],
        "subject": list(SUBJECTS),
    }


def _same(town: SmallTown, addresses: _Addresses, bodies: _Bodies) -> None:
    """Reports of one thing: two apart, one merged; one that waits for an answer."""
    parent, child, merged, asked = (town.report(key) for key in ("neighbour", "resident", "resident", "resident"))
    with town.scope():
        done = actions.merge(
            actor=town.actor("coordinator"),
            town=town.town,
            service_request_id=merged.id,
            into_id=parent.id,
            at=NOW,
        )
        version = done.service_request.version
    for name, request in (("merge_request", child), ("separate_request", merged), ("answer_request", asked)):
        addresses[name] = {"service_request_id": [str(request.id)]}
    bodies["merge_request"] = {"into_id": str(parent.id), "version": 1}
    bodies["separate_request"] = {"version": version}
    bodies["answer_request"] = {"text": "周五来。", "version": 1}
    words = {"lon": 113.31, "lat": 23.06, "service_code": "lamp", "words": "路灯坏了"}
    bodies["find_similar_requests"] = words


def _incidents(town: SmallTown, addresses: _Addresses, bodies: _Bodies) -> None:
    hanging = town.report()
    names = ("read", "change", "end", "attach", "detach", "answer")
    made: dict[str, UUID] = {}
    with town.scope():
        coordinator = town.actor("coordinator")
        for name in names:
            incident = actions.NewIncident("停电", "Power cut", "north", NOW, service_codes=["lamp"])
            made[name] = actions.open_incident(actor=coordinator, town=town.town, incident=incident, at=NOW).id
    for name, plural in (("attach", "attach_requests"), ("detach", "detach_requests")):
        addresses[plural] = {"incident_id": [str(made[name])]}
        bodies[plural] = {"service_request_ids": [str(hanging.id)]}
    for name in ("read", "change", "end", "answer"):
        addresses[f"{name}_incident"] = {"incident_id": [str(made[name])]}
    bodies["open_incident"] = _INCIDENT
    bodies["change_incident"] = {**_INCIDENT, "title_en": "No power", "version": 1}
    bodies["end_incident"] = {"version": 1}
    bodies["answer_incident"] = {"text_zh": "来电了", "text_en": "Power is back"}


def _joint(town: SmallTown, addresses: _Addresses, bodies: _Bodies) -> None:
    """A burst pipe that waits for a summons, and two on which parties work together."""
    alone, stepping, showing = Desk(town), Desk(town), Desk(town)
    addresses["summon"] = {"service_request_id": [str(alone.id)]}
    one = {"party_id": str(town.parties["great_property"]), "task": "关总阀", "target_min": 120, "is_lead": True}
    bodies["summon"] = {"version": alone.now.version, "summons": [one]}
    _, part = stepping.pair()
    addresses["take_part_step"] = {"service_request_id": [str(stepping.id)], "part_id": [str(part.id)]}
    bodies["take_part_step"] = {"step": "accept", "version": part.version}
    _, part = showing.pair()
    showing.part(part, "accept", "other_worker")
    addresses["add_part_photos"] = {"service_request_id": [str(showing.id)], "part_id": [str(part.id)]}


def _decided(town: SmallTown, addresses: _Addresses, bodies: _Bodies) -> None:
    """Questions that are open, one not asked yet, a ticket to answer, and a closed request to call about."""
    asking, asked, regretted = (Desk(town, until="in_progress") for _ in range(3))
    addresses["ask_ruling"] = {"service_request_id": [str(asking.id)]}
    bodies["ask_ruling"] = {"kind": "extension", "reason": "等零件", "minutes": 60}
    addresses["decide_ruling"] = {"ruling_id": [str(asked.ask("worker", minutes=60).id)]}
    bodies["decide_ruling"] = {"is_granted": True, "decision": "同意", "minutes": 30}
    addresses["withdraw_ruling"] = {"ruling_id": [str(regretted.ask("coordinator", minutes=60).id)]}
    with town.scope():
        ticket = actions.supervise(
            actor=town.actor("auditor"), town=town.town, service_request_id=asked.id, words="为何这么久？", at=NOW
        )
    addresses["answer_supervision"] = {"supervision_id": [str(ticket.id)]}
    bodies["answer_supervision"] = {"words": "零件明天到。"}
    closed = Desk(town, until="closed")
    addresses["record_return_call"] = {"service_request_id": [str(closed.id)]}
    call = {"outcome": "reached", "is_settled": True, "satisfaction": 5, "version": closed.now.version}
    bodies["record_return_call"] = call


def _announced(town: SmallTown, addresses: _Addresses, bodies: _Bodies) -> None:
    # of a kind without an end: by the clocks of this machine it would be over before it is published
    rows = {name: written(town, kind="policy", until_at=None) for name in ("change", "publish")}
    rows |= {name: published(town) for name in ("read", "withdraw")}
    for name, row in rows.items():
        addresses[f"{name}_announcement"] = {"announcement_id": [str(row.id)]}
    bodies["write_announcement"] = _ANNOUNCED
    bodies["change_announcement"] = {**_ANNOUNCED, "version": rows["change"].version}
    bodies["publish_announcement"] = {"version": rows["publish"].version}
    reason = {"reason_zh": "修好了", "reason_en": "Repaired early"}
    bodies["withdraw_announcement"] = {**reason, "version": rows["withdraw"].version}


def _heard_and_ruled(town: SmallTown, addresses: _Addresses, bodies: _Bodies) -> None:
    added = channel(town, "wecom", _ROBOT)
    addresses["choose_for_channel"] = {"channel_id": [str(added.channel_id)]}
    bodies["choose_for_channel"] = {"modes": {"mine": "digest"}}
    addresses["publish_rules"] = {"subject": ["verification"]}
    bodies["publish_rules"] = {"version": 0, "body": dict(SUBJECTS["verification"].default)}
    bodies["try_routing"] = {"service_code": "lamp", "place_code": "n1", "words": "路灯不亮"}


# --- the contract, narrowed ------------------------------------------------------------------------------------------


def narrowed(contract: dict[str, Any], held: Alive, *, meant: bool) -> dict[str, Any]:
    """Return the contract with addresses that lead somewhere and, where they are meant, bodies that make sense here."""
    found = deepcopy(contract)
    for methods in found["paths"].values():
        for operation in methods.values():
            operation["parameters"] = [one for one in operation["parameters"] if one["name"] != "X-Tracking-Number"]
            _lead_somewhere(operation, held, meant=meant)
            body = held.bodies.get(operation["operationId"])
            if meant and body is not None:
                operation["requestBody"]["content"]["application/json"]["schema"] = {"enum": [dict(body)]}
    if meant:
        _narrow_schemas(found["components"]["schemas"], held.everywhere)
    return found


def _lead_somewhere(operation: dict[str, Any], held: Alive, *, meant: bool) -> None:
    own = held.addresses.get(operation["operationId"], {})
    for parameter in operation["parameters"]:
        name, is_path = parameter["name"], parameter["in"] == "path"
        values = own.get(name) or (held.everywhere.get(name) if is_path else None)
        if values and (is_path or meant):
            parameter["schema"] = {"type": "string", "enum": values}
        elif meant and name in _INSIDE:
            parameter["schema"] = _INSIDE[name]


def _narrow_schemas(schemas: dict[str, Any], values: Mapping[str, list[Any]]) -> None:
    schemas["ReportIn"]["properties"] |= _INSIDE | {
        "service_code": {"enum": ["lamp", "leak", "idea"]},
        "coordinate_system": {"enum": ["wgs84"]},
        "place_code": {"enum": ["", "n1"]},
        "contact_phone": {"enum": ["", "13800000000"]},
        "contact_email": {"enum": ["", "a@example.org"]},
    }
    schemas["ReportIn"]["required"] += ["lon", "lat"]
    _keep(schemas["StepIn"], {"step": {"enum": ["triage"]}, "version": {"enum": [1]}})
    _keep(schemas["RatingIn"], {"rating": {"enum": [5]}, "version": {"enum": [6]}})
    _keep(schemas["GrantIn"], {"account_id": {"enum": values["account_id"]}, "role": {"enum": ["coordinator"]}})


def _keep(schema: dict[str, Any], properties: dict[str, Any]) -> None:
    schema["properties"], schema["required"] = properties, list(properties)
