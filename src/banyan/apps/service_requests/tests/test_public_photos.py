"""Which photos everybody may see."""

from __future__ import annotations

from banyan.apps.service_requests import actions
from banyan.apps.service_requests.models import Photo
from banyan.apps.service_requests.tests.test_pages_of_residents import LATER, NOW, _at, _client, _photo
from tests.towns import SmallTown


def test_strangers_see_the_photos_of_a_published_report_and_of_the_work_and_none_added_later(small_town: SmallTown):
    resident, worker = small_town.actor("resident"), small_town.actor("worker")
    other = small_town.actor("coordinator")
    with small_town.scope():
        made = actions.report(
            actor=resident,
            town=small_town.town,
            draft=actions.Draft("lamp", "路灯不亮", lon=113.31, lat=23.06),
            at=NOW,
            photos=[_photo().read()],
        )
    small_town.step(made.id, "triage", "coordinator", is_text_public=True)
    small_town.step(made.id, "dispatch", "coordinator")
    small_town.step(made.id, "accept", "worker")
    with small_town.scope():
        words = {"town": small_town.town, "service_request_id": made.id, "at": LATER}
        for actor, moment in [(resident, "report"), (resident, "during"), (other, "after"), (worker, "after")]:
            actions.add_photos(actor=actor, photos=[_photo().read()], moment=moment, **words)
        photos = list(Photo.objects.order_by("at", "id"))
    whole, api = _at(small_town, f"requests/{made.id}/"), f"/api/v1/towns/{small_town.town.slug}/service_requests/"

    def seen(key: str) -> list[int]:
        client = _client(small_town, key)
        page = client.get(whole).content.decode()
        served = [i for i, one in enumerate(photos) if client.get(f"{whole}photos/{one.id}.jpg").status_code == 200]
        assert served == [i for i, one in enumerate(photos) if f"{one.id}.jpg" in page]
        return served

    told = _client(small_town).get(f"{api}{made.id}").json()
    assert seen("") == seen("neighbour") == [0, 4]
    assert seen("resident") == [0, 1, 2, 3, 4]
    assert [one["id"] for one in told["photos"]] == [str(photos[i].id) for i in (0, 4)]
    served = _client(small_town).get(told["photos"][0]["url"])
    assert served.status_code == 200 and b"".join(served.streaming_content)[:2] == b"\xff\xd8"
    assert _client(small_town).get(f"{api}{made.id}/photos/{photos[1].id}").status_code == 404
