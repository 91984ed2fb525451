"""Two towns with at least one row in every table of town rows, for the tests of the walls."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from banyan.apps.accounts.models import StoredAnswer
from banyan.apps.audit import actions as audit
from banyan.apps.matters.models import Matter, Strand
from banyan.apps.notices import actions as notices
from banyan.apps.parties import actions as parties
from banyan.apps.people import actions as people
from banyan.apps.people.models import Person
from banyan.apps.service_requests import actions as requests
from banyan.apps.service_requests.models import Photo
from banyan.apps.territory import actions as territory
from banyan.kit.walls import town_tables
from tests.towns import FOUNDER, NOW, SmallTown, small_town


def furnished_town(slug: str) -> SmallTown:
    """Found a small town in which no table is empty."""
    town = small_town(slug)
    received = town.report("resident", contact_name="王", contact_phone="13800000000")
    town.walk(received.id, until="closed")
    with town.scope():
        requests.comment(
            actor=town.actor("resident"), town=town.town, service_request_id=received.id, text="谢谢", at=NOW
        )
        person_id = Person.objects.values_list("id", flat=True).first()
        party_id = next(iter(town.parties.values()))
        assert person_id is not None
        people.look(actor=town.actor("worker"), person_id=person_id, fields=("name",), purpose="test", at=NOW)
        post = parties.NewPost("主任", "Head", holder_name="李", from_on=NOW.date())
        parties.fill_post(actor=FOUNDER, party_id=party_id, post=post, at=NOW)
        territory.draw(actor=FOUNDER, town=town.town, features=[_river()], at=NOW)
        subject = ("service_request", received.id)
        notices.tell([town.accounts["resident"]], subject=subject, verb="closed", cause_id=uuid4(), at=NOW)
        Strand.objects.create(matter=Matter.objects.first(), subject_type="vote", subject_id=uuid4(), at=NOW)
        StoredAnswer.objects.create(asker="x", key="k", body_hash="0" * 64, at=NOW)
        Photo.objects.create(
            service_request_id=received.id, moment="after", width=1, height=1, n_bytes=1, sha256="0" * 64, at=NOW
        )
        _heard(town.accounts["resident"])
        _desk(received.id, party_id)
        _second_places(town, received.id)
        audit.seal(at=NOW)
        empty = [model._meta.db_table for model in town_tables() if not model.objects.exists()]
    assert not empty, f"These tables have no row yet: furnish them here: {empty}"
    return town


def _river() -> Any:
    line = {"type": "LineString", "coordinates": [[113.30, 23.05], [113.40, 23.05]]}
    return territory.NewFeature("river", "r1", line, "榕江", "Banyan River")


def _heard(account_id: UUID) -> None:
    """Fill how people hear of news, and what the town announces."""
    from banyan.apps.notices import models as rows
    from banyan.apps.territory.models import Place

    place = Place.objects.get(code="n1")
    channel = rows.Channel.objects.create(account_id=account_id, kind="webhook", address_hash="0" * 64, made_at=NOW)
    rows.Choice.objects.create(channel=channel, kind="mine", mode="off")
    rows.Habits.objects.create(account_id=account_id, place=place, digest_at_min=1080, changed_at=NOW)
    rows.Delivery.objects.create(notice=rows.Notice.objects.first(), channel=channel, made_at=NOW)
    # A notice goes once to a channel: a copy of the delivery needs another of each.
    rows.Channel.objects.create(account_id=account_id, kind="webhook", address_hash="1" * 64, made_at=NOW)
    again = {"subject_type": "announcement", "subject_id": uuid4(), "verb": "announced", "cause_id": uuid4()}
    rows.Notice.objects.create(account_id=account_id, at=NOW, **again)
    times = {"from_at": NOW, "made_at": NOW, "changed_at": NOW}
    announcement = rows.Announcement.objects.create(kind="event", place=place, **times)
    rows.ReadCount.objects.create(announcement=announcement)


def _desk(request_id: UUID, party_id: UUID) -> None:
    """Fill what the loop alone leaves empty: joint work, rulings, merges, incidents, imports, rules."""
    from banyan.apps.service_requests import models as rows
    from banyan.apps.territory.models import Place

    on = {"service_request_id": request_id}
    part = rows.Part.objects.create(**on, party_id=party_id, task="t", status="done", summoned_at=NOW, updated_at=NOW)
    parties = {"asked_by_party_id": party_id, "decided_party_id": party_id}
    rows.Ruling.objects.create(**on, **parties, part=part, kind="extension", reason="r", asked_at=NOW)
    rows.Supervision.objects.create(**on, key="k", role="manager", raised_at=NOW)
    rows.ReturnCall.objects.create(**on, at=NOW, outcome="reached")
    rows.RateExclusion.objects.create(**on, reason="r", at=NOW)
    merge = rows.Merge.objects.create(**on, into_id=request_id, before={}, at=NOW)
    rows.Follow.objects.create(**on, account_id=uuid4(), at=NOW, merge=merge)
    place = Place.objects.get(code="n1-b1")
    incident = rows.Incident.objects.create(
        title_zh="停电", title_en="Power cut", place=place, starts_at=NOW, opened_at=NOW
    )
    run = rows.ImportRun.objects.create(profile="p", file_name="f", sha256="0" * 64, status="done", started_at=NOW)
    rows.Rejection.objects.create(run=run, row=2, reasons=[])
    rows.ExternalUpdate.objects.create(**on, source="s", update_id="u", at=NOW)
    rows.Ruleset.objects.create(subject="routing", version=1, body={}, created_at=NOW)
    rows.Photo.objects.update(part=part)
    rows.ServiceRequest.objects.filter(id=request_id).update(
        merged_into=request_id, incident=incident, import_run=run, is_binding=True
    )


def _second_places(town: SmallTown, request_id: UUID) -> None:
    """Set what the loop leaves empty, so that every reference points somewhere."""
    from banyan.apps.accounts.models import Membership
    from banyan.apps.service_requests.models import ServiceRequest
    from banyan.apps.territory.models import Place

    building = Place.objects.get(code="n1-b1")
    ServiceRequest.objects.filter(id=request_id).update(building=building)
    Matter.objects.update(place=building.parent_id)
    Membership.objects.filter(town=town.town, role="worker").update(place=building.parent_id)
