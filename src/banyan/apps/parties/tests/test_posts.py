"""Posts of parties: who leads, who speaks, since when and until when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from banyan.apps.parties import actions, queries
from banyan.apps.parties.actions import NewPost
from banyan.apps.parties.models import Post
from banyan.base.errors import Forbidden, InvalidInput, NotFound
from tests.towns import NOW, SmallTown

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


def _filled(town: SmallTown, **words: str) -> Post:
    post = NewPost(**{"title_zh": "主任", "title_en": "Head", "holder_name": "李明华", **words}, from_on=TODAY)
    return actions.fill_post(actor=town.actor("manager"), party_id=town.parties["great_property"], post=post, at=NOW)


def test_a_post_is_filled_and_ended_and_lists_mask_its_holder(small_town: SmallTown):
    party_id = small_town.parties["great_property"]
    with small_town.scope():
        post = _filled(small_town)
        held = queries.posts_of(party_id)
        actions.end_post(actor=small_town.actor("manager"), post_id=post.id, until_on=TODAY, at=NOW)
        ended = queries.posts_of(party_id)

    assert (held[0].title_en, held[0].from_on, held[0].until_on) == ("Head", TODAY, None)
    assert held[0].holder == "•••"
    assert ended[0].until_on == TODAY


def test_a_vacant_post_enters_nobody(small_town: SmallTown):
    with small_town.scope():
        assert _filled(small_town, holder_name="").person_id is None


def test_every_problem_of_a_post_is_listed(small_town: SmallTown):
    with small_town.scope(), pytest.raises(InvalidInput) as refused:
        actions.fill_post(
            actor=small_town.actor("manager"),
            party_id=small_town.parties["great_property"],
            post=NewPost("", "x" * 81, "\x00", None),
            at=NOW,
        )

    assert {one.where for one in refused.value.problems} == {"title_zh", "title_en", "holder_name", "from_on"}


def test_a_post_does_not_end_before_it_began_nor_twice(small_town: SmallTown):
    manager = small_town.actor("manager")
    with small_town.scope():
        post = _filled(small_town)
        with pytest.raises(InvalidInput):
            actions.end_post(actor=manager, post_id=post.id, until_on=TODAY - timedelta(days=1), at=NOW)
        actions.end_post(actor=manager, post_id=post.id, until_on=TODAY, at=NOW)
        with pytest.raises(NotFound):
            actions.end_post(actor=manager, post_id=post.id, until_on=TODAY, at=NOW)


def test_only_the_manager_fills_posts(small_town: SmallTown):
    post = NewPost("主任", "Head", from_on=TODAY)
    with small_town.scope(), pytest.raises(Forbidden):
        actions.fill_post(
            actor=small_town.actor("coordinator"), party_id=small_town.parties["great_property"], post=post, at=NOW
        )


def test_the_page_of_a_party_fills_and_ends_posts(small_town: SmallTown):
    client = Client()
    client.force_login(_account(small_town, "manager"))
    path = f"/t/{small_town.town.slug}/office/parties/party/great_property/"

    refused = client.post(f"{path}posts/", {"title_zh": "主任", "title_en": "", "from_on": "2026-03-01"})
    client.post(
        f"{path}posts/", {"title_zh": "主任", "title_en": "Head", "holder_name": "李明华", "from_on": "2026-03-01"}
    )
    with small_town.scope():
        post = queries.posts_of(small_town.parties["great_property"])[0]
    client.post(f"{path}posts/{post.id}/end/", {"until_on": "2026-03-31"})

    assert refused.status_code == 422
    assert 'value="主任"' in refused.content.decode()
    assert "until 2026-03-31" in client.get(path, headers={"Accept-Language": "en"}).content.decode()
    assert "至 2026-03-31" in client.get(path, headers={"Accept-Language": "zh-CN"}).content.decode()


def _account(town: SmallTown, key: str) -> Any:
    from django.contrib.auth import get_user_model

    return get_user_model().objects.get(id=town.accounts[key])
