"""Lists offer what may be done and show what may be read, and no more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.models import ServiceRequest
from tests.contexts import client, let_contexts_be_seen
from tests.towns import NOW, SmallTown

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    let_contexts_be_seen(monkeypatch)


def test_a_party_that_arbitration_bound_is_not_offered_to_give_it_back(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="accepted")
    page = f"/t/{small_town.town.slug}/tasks/"

    def beside() -> list[str]:
        return [str(step) for step in client(small_town, "worker").get(page).context["tasks"][0].others]

    before = beside()
    with small_town.scope():
        ServiceRequest.objects.filter(id=made.id).update(is_binding=True)

    assert ("return" in before, "return" in beside()) == (True, False)


def test_an_incident_proposes_and_counts_only_what_its_reader_may_know(small_town: SmallTown):
    open_one = small_town.report()
    hidden = small_town.report(privacy="confidential")
    new = actions.NewIncident(
        title_zh="停电", title_en="Power cut", place_code="north", starts_at=NOW - timedelta(hours=1)
    )
    with small_town.scope():
        manager = small_town.actor("manager")
        row = actions.open_incident(actor=manager, town=small_town.town, incident=new, at=NOW)
        proposed = {
            key: {one.id for one in queries.proposed_for(small_town.actor(key), row, town=small_town.town)}
            for key in ("manager", "coordinator", "other_coordinator", "property_manager")
        }
        ServiceRequest.objects.update(incident=row)
        attached = queries.requests_of(small_town.actor("property_manager"), row, town=small_town.town)

    assert proposed["manager"] == proposed["coordinator"] == {open_one.id, hidden.id}
    assert proposed["other_coordinator"] == proposed["property_manager"] == set()
    assert attached == []
    with small_town.scope():
        assert queries.n_requests_of([row]) == {row.id: 1}
    assert Client().get(f"/t/{small_town.town.slug}/incidents/").status_code == 200
