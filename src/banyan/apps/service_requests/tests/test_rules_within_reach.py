"""Every subject of the town's rules can be reached and edited in the town office; ready words help in calls."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from banyan.apps.service_requests import queries
from banyan.apps.service_requests.models import ReturnCall
from banyan.apps.service_requests.pages.rulesets import STORIES, editor_of
from banyan.apps.service_requests.rules.rulesets import SUBJECTS
from tests.contexts import client, let_contexts_be_seen
from tests.towns import SmallTown


def test_the_town_office_leads_to_every_subject(small_town: SmallTown):
    slug = small_town.town.slug
    page = client(small_town, "manager").get(f"/t/{slug}/office/rules/").content.decode()

    assert set(STORIES) == set(SUBJECTS)
    assert [one for one in SUBJECTS if f'href="{editor_of(one, slug=slug)}"' not in page] == []
    assert f"/t/{slug}/office/answers/" in page


@pytest.fixture(autouse=True)
def _contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    let_contexts_be_seen(monkeypatch)


@pytest.mark.parametrize("subject", sorted(SUBJECTS))
def test_every_subject_is_shown_edited_and_published_by_a_manager(small_town: SmallTown, subject: str):
    slug, visitor = small_town.town.slug, client(small_town, "manager")
    assert visitor.get(editor_of(subject, slug=slug)).status_code == 200

    words = {"version": "0", "text": json.dumps(dict(SUBJECTS[subject].default))}
    assert json.loads(visitor.get(f"/t/{slug}/office/rules/{subject}.json").content) == json.loads(words["text"])
    answered = visitor.post(f"/t/{slug}/office/rules/{subject}/exchange/", words)

    assert answered.status_code == 302
    assert visitor.get(answered.headers["Location"]).status_code == 200
    with small_town.scope():
        assert queries.rules_now(subject).version == 1


def test_what_repeated_reports_do_is_edited_as_a_table_and_every_problem_stands_at_its_field(small_town: SmallTown):
    address, visitor = f"/t/{small_town.town.slug}/office/rules/repeats/", client(small_town, "manager")
    row = {"r0-name": "lamps", "r0-threshold": "3", "r0-within_days": "14", "r0-at_most": "high"}
    form = {"version": "0", "rows": "1", **row, "r0-service_codes": "lamp"}

    wrong = visitor.post(address, form | {"r0-threshold": "many", "r0-service_codes": "dragons"})
    right = visitor.post(address, form)

    assert wrong.status_code == 422
    assert {one["where"] for one in wrong.context["problems"]} >= {"r0-threshold"}
    assert right.status_code == 302
    with small_town.scope():
        assert queries.rules_now("repeats").body == {
            "rules": [
                {
                    "name": "lamps",
                    "threshold": 3,
                    "within_days": 14,
                    "at_most": "high",
                    "service_codes": ["lamp"],
                }
            ]
        }
    assert "lamps" in visitor.get(address).content.decode()


def test_ready_words_are_put_into_the_form_of_a_call_and_nothing_is_stored_yet(small_town: SmallTown):
    made = small_town.report()
    small_town.walk(made.id, until="resolved")
    address = f"/t/{small_town.town.slug}/requests/{made.id}/"
    visitor = client(small_town, "coordinator")
    with small_town.scope():
        ready = [one for one in queries.rules_of(small_town.town, "answers")["templates"] if one["use"] == "call"]
        call_form = visitor.get(address).context["staff"].calls
    assert [one.code for one in call_form.templates] == [one["code"] for one in ready] != []

    words = {"fill": "1", "template": ready[0]["code"], "call-words": "她说", "call-outcome": "reached"}
    filled = visitor.post(reverse("staff_call", args=[small_town.town.slug, made.id]), words)

    typed = filled.context["staff"].calls.refused.typed
    assert (
        filled.status_code == 200 and typed["call-words"].startswith("她说\n\n") and typed["call-outcome"] == "reached"
    )
    with small_town.scope():
        assert not ReturnCall.objects.exists()
