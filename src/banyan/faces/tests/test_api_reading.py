"""What each asker may read, in pages that hold together, at a price that does not grow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.programs import Program, codes_of, problem_of
from tests.towns import NOW, SmallTown

pytestmark = pytest.mark.django_db(transaction=True)
#: What a scope, a savepoint and the beginning of a transaction cost is not counted.
UNCOUNTED = ("BEGIN", "SELECT set_config", "SAVEPOINT", "RELEASE", "COMMIT", "ROLLBACK")


def n_statements(captured: CaptureQueriesContext) -> int:
    return sum(not query["sql"].startswith(UNCOUNTED) for query in captured.captured_queries)


@pytest.fixture
def lamp(small_town: SmallTown) -> str:
    received = small_town.report(description="三栋五楼王家门口的灯坏了", address="三栋五楼", contact_name="王一")
    return str(received.id)


@pytest.mark.parametrize(
    ("key", "access"),
    [
        ("resident", "full"), ("coordinator", "full"), ("manager", "full"), ("auditor", "full"), ("", "public"),
        ("neighbour", "public"), ("worker", "public"), ("other_coordinator", "public"), ("operator", "public"),
    ],
)  # fmt: skip
def test_words_are_for_those_concerned_until_the_town_publishes_them(
    small_town: SmallTown, lamp: str, key: str, access: str
) -> None:
    program = Program(small_town, key)

    before = program.get(f"/service_requests/{lamp}").json()
    told = program.get(f"/service_requests/{lamp}/timeline").json()["items"]
    small_town.step(lamp, "triage", "coordinator", is_text_public=True)
    after = program.get(f"/service_requests/{lamp}").json()

    assert before["access"] == access
    assert (before["description"], before["address"]) == (
        ("三栋五楼王家门口的灯坏了", "三栋五楼") if access == "full" else ("", "")
    )
    assert bool(told[0]["words"]) is (access == "full")
    assert after["description"] == "三栋五楼王家门口的灯坏了"
    assert "王一" not in str(before) + str(told) + str(after)


def test_the_exact_point_is_for_those_concerned_until_the_town_publishes_the_words(small_town: SmallTown) -> None:
    exact, blurred = (113.312345, 23.061234), (113.312, 23.061)
    home = str(small_town.report(lon=exact[0], lat=exact[1]).id)

    def point(key: str = "") -> tuple[float, float]:
        read = Program(small_town, key).get(f"/service_requests/{home}").json()
        return read["lon"], read["lat"]

    listed = Program(small_town).get("/service_requests").json()["items"][0]
    assert (listed["lon"], listed["lat"]) == blurred == point() == point("neighbour")
    assert exact == point("resident") == point("coordinator")
    small_town.step(home, "triage", "coordinator", is_text_public=True)
    assert point() == exact


def test_the_public_list_and_its_search_tell_no_word_that_is_not_published(small_town: SmallTown, lamp: str) -> None:
    anyone, coordinator = Program(small_town), Program(small_town, "coordinator")

    listed = anyone.get("/service_requests").json()["items"]
    found = anyone.get("/service_requests", words="王家").json()["items"]
    at_work = coordinator.get("/service_requests", view="work", words="王家").json()["items"]
    small_town.step(lamp, "triage", "coordinator", is_text_public=True)

    assert [(row["id"], row["description"], row["address"]) for row in listed] == [(lamp, "", "")]
    assert found == []
    assert [row["id"] for row in at_work] == [lamp]
    assert [row["id"] for row in anyone.get("/service_requests", words="王家").json()["items"]] == [lamp]


@pytest.mark.parametrize(
    ("key", "view", "seen"),
    [
        ("resident", "mine", True), ("neighbour", "mine", False), ("", "mine", 401),
        ("coordinator", "work", True), ("other_coordinator", "work", False), ("worker", "work", False),
        ("resident", "work", 403), ("operator", "work", 403), ("", "work", 401), ("", "public", True),
    ],
)  # fmt: skip
def test_each_view_holds_what_the_asker_reaches(
    small_town: SmallTown, lamp: str, key: str, view: str, seen: bool | int
) -> None:
    response = Program(small_town, key).get("/service_requests", view=view)
    counts = Program(small_town, key).get("/counts", view=view)

    if isinstance(seen, bool):
        assert [row["id"] for row in response.json()["items"]] == ([lamp] if seen else [])
        assert counts.json() == {"by_status": {"received": 1} if seen else {}, "n": int(seen)}
    else:
        problem_of(response, status=seen)
        problem_of(counts, status=seen)


def test_filters_narrow_the_list(small_town: SmallTown, lamp: str) -> None:
    leak = str(small_town.report(service_code="leak", lon=113.36, urgency="high", at=NOW + timedelta(hours=1)).id)
    small_town.step(leak, "triage", "coordinator")
    anyone = Program(small_town)

    def ids(**query: Any) -> list[str]:
        return [row["id"] for row in anyone.get("/service_requests", **query).json()["items"]]

    assert ids() == [leak, lamp]
    assert ids(order="clock") == [lamp, leak]
    assert ids(status=["received", "closed"]) == [lamp]
    assert ids(status=["received", "triaged"]) == [leak, lamp]
    assert ids(service_code="leak") == ids(group="water") == ids(urgency="high") == ids(place="n2") == [leak]
    assert ids(place="north", kind="repair") == [leak, lamp]
    assert ids(place="south") == ids(kind="praise") == ids(party_id=str(small_town.parties["great_property"])) == []
    assert ids(overdue="true") == [leak, lamp], "their deadlines lie in the spring of 2026"


def test_unknown_filters_and_values_are_named(small_town: SmallTown) -> None:
    anyone = Program(small_town)

    misspelt = anyone.get("/service_requests", stauts="closed")
    unknown = anyone.get(
        "/service_requests", place="z9", service_code="cake", party_id="0" * 8 + "-0000-7000-8000-" + "0" * 12
    )
    wrong = anyone.get("/service_requests", limit="-1", overdue="maybe", status="sleeping", cursor="x" * 400)
    cursor = anyone.get("/service_requests", cursor="bm90IG91cnM")

    assert codes_of(misspelt) == {("stauts", "unknown_field")}
    assert codes_of(unknown) == {("place", "unknown"), ("service_code", "unknown"), ("party_id", "unknown")}
    assert codes_of(wrong) == {("limit", "range"), ("overdue", "type"), ("status.0", "unknown"), ("cursor", "too_long")}
    assert codes_of(cursor) == {("cursor", "invalid")}


def test_pages_lead_on_and_back_without_loss(small_town: SmallTown) -> None:
    made = [str(small_town.report(at=NOW + timedelta(minutes=i)).id) for i in range(7)][::-1]
    anyone = Program(small_town)

    page = anyone.get("/service_requests", limit=3, kind="repair").json()
    seen, pages = [row["id"] for row in page["items"]], [page]
    while page["next"]:
        page = anyone.client.get(page["next"], headers=anyone.headers).json()
        seen += [row["id"] for row in page["items"]]
        pages.append(page)
    back = anyone.client.get(pages[-1]["previous"], headers=anyone.headers).json()

    assert seen == made
    assert [len(page["items"]) for page in pages] == [3, 3, 1]
    assert "kind=repair" in pages[0]["next"]
    assert pages[0]["previous"] is None
    assert [row["id"] for row in back["items"]] == made[3:6]


def test_the_tree_of_places_comes_in_pages(small_town: SmallTown) -> None:
    anyone = Program(small_town)
    paths = [place["path"] for place in anyone.get("/places", limit=200).json()["items"]]

    page = anyone.get("/places", limit=3).json()
    second = anyone.client.get(page["next"], headers=anyone.headers).json()
    back = anyone.client.get(second["previous"], headers=anyone.headers).json()

    assert paths == sorted(paths) and len(paths) == 7
    assert [place["path"] for place in page["items"] + second["items"]] == paths[:6]
    assert back == page
    assert [place["code"] for place in anyone.get("/places", level="grid", below="south").json()["items"]] == [
        "s1",
        "s2",
    ]
    assert codes_of(anyone.get("/places", level="street", below="z9")) == {("level", "unknown"), ("below", "unknown")}


def test_a_point_is_located_or_lies_nowhere(small_town: SmallTown) -> None:
    anyone = Program(small_town)

    inside = anyone.get("/locate", lon=113.36, lat=23.02)
    outside = anyone.get("/locate", lon=2.35, lat=48.85)
    nowhere = anyone.get("/locate", lon=500, lat="north")

    assert [place["code"] for place in inside.json()["places"]] == ["s2", "south"]
    problem_of(outside, status=404)
    assert codes_of(nowhere) == {("lon", "range"), ("lat", "type")}


def test_places_and_parties_and_services_are_public(small_town: SmallTown) -> None:
    anyone = Program(small_town)

    place = anyone.get("/places/n1").json()
    drawn = anyone.get("/places.geojson", level="grid").json()
    parties = anyone.get("/parties", kind="contractor").json()["items"]
    party = anyone.get(f"/parties/{small_town.parties['lift_company']}").json()
    services = anyone.get("/services", group="water").json()["items"]

    assert [one["code"] for one in place["above"]] == ["north"]
    assert [one["code"] for one in place["below"]] == ["n1-b1"]
    assert {feature["properties"]["code"] for feature in drawn["features"]} == {"n1", "n2", "s1", "s2"}
    assert parties == [party]
    assert party["duties"] == [{"place_code": "north", "topic": "lifts"}, {"place_code": "south", "topic": "lifts"}]
    assert services == [anyone.get("/services/leak").json()]
    for path in (
        "/places/z9",
        "/services/cake",
        f"/parties/{small_town.town.id}",
        f"/service_requests/{small_town.town.id}",
    ):
        problem_of(anyone.get(path), status=404)


def test_a_photo_is_seen_by_those_who_read_in_full(small_town: SmallTown, lamp: str) -> None:
    import io

    from django.core.files.uploadedfile import SimpleUploadedFile
    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (640, 480), "orange").save(picture, "PNG")
    resident = Program(small_town, "resident")
    shot = SimpleUploadedFile("lamp.png", picture.getvalue(), content_type="image/png")

    added = resident.upload(f"/service_requests/{lamp}/photos", {"photos": shot, "moment": "report"})
    hostile = resident.upload(
        f"/service_requests/{lamp}/photos",
        {"photos": SimpleUploadedFile("a.jpg", b"<svg onload=x>"), "moment": "never"},
    )
    bare = resident.upload(f"/service_requests/{lamp}/photos", {"moment": "during"})

    assert added.status_code == 201, added.content
    photo = added.json()[0]
    assert (photo["width"], photo["height"], photo["moment"]) == (640, 480, "report")
    shown = resident.client.get(photo["url"], headers=resident.headers)
    assert shown.headers["Content-Type"] == "image/jpeg"
    assert b"".join(shown.streaming_content).startswith(b"\xff\xd8\xff")  # type: ignore[attr-defined]
    assert [one["id"] for one in resident.get(f"/service_requests/{lamp}").json()["photos"]] == [photo["id"]]
    assert codes_of(hostile) == {("moment", "unknown")}
    assert codes_of(bare) == {("photos", "required")}
    problem_of(Program(small_town).client.get(photo["url"]), status=404)


def test_a_file_that_is_no_photo_is_refused(small_town: SmallTown, lamp: str) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    resident = Program(small_town, "resident")
    files = [SimpleUploadedFile("a.jpg", b"<svg onload=x>"), SimpleUploadedFile("b.jpg", b"\xff\xd8\xff\xe0 no more")]

    refused = resident.upload(f"/service_requests/{lamp}/photos", {"photos": files, "moment": "during"})

    assert codes_of(refused) == {("photos[0]", "not_a_photo"), ("photos[1]", "not_a_photo")}


def test_me_and_my_inbox(small_town: SmallTown, lamp: str) -> None:
    from banyan.apps.notices import actions as notices
    from banyan.base.ids import uuid7

    resident, neighbour = Program(small_town, "resident"), Program(small_town, "neighbour")
    with small_town.scope():
        for i in range(3):
            notices.tell(
                [small_town.accounts["resident"]],
                subject=("service_request", uuid7()),
                verb="triage",
                cause_id=uuid7(),
                at=NOW + timedelta(minutes=i),
            )

    me = resident.get("/me").json()
    page = resident.get("/me/inbox", limit=2).json()
    read = resident.post("/me/inbox/read").json()

    assert (me["display_name"], me["n_unread"]) == ("Resident", 3)
    assert [grant["role"] for grant in me["roles"]] == ["resident"]
    assert len(page["items"]) == 2 and page["next"]
    assert read == {"n_read": 3}
    assert resident.get("/me").json()["n_unread"] == 0
    assert neighbour.get("/me/inbox").json()["items"] == []
    for path in ("/me", "/me/inbox", "/me/looks", "/me/tokens"):
        problem_of(Program(small_town).get(path), status=401)


@pytest.mark.parametrize("view", ["public", "work"])
def test_a_list_of_a_hundred_costs_as_many_statements_as_a_list_of_one(small_town: SmallTown, view: str) -> None:
    for i in range(100):
        small_town.report(at=NOW + timedelta(minutes=i))
    coordinator = Program(small_town, "coordinator")
    coordinator.get("/service_requests", view=view)

    with CaptureQueriesContext(connection) as one:
        assert len(coordinator.get("/service_requests", view=view, limit=1).json()["items"]) == 1
    with CaptureQueriesContext(connection) as hundred:
        assert len(coordinator.get("/service_requests", view=view, limit=100).json()["items"]) == 100

    assert n_statements(hundred) == n_statements(one) <= 8


def test_the_newest_seal_is_for_anyone_to_keep(small_town: SmallTown, lamp: str) -> None:
    from banyan.apps.audit import actions as audit

    anyone = Program(small_town)
    problem_of(anyone.get("/audit/checkpoint"), status=404)
    with small_town.scope():
        audit.seal(at=NOW + timedelta(days=1))

    sealed = anyone.get("/audit/checkpoint").json()

    assert sealed["town"] == str(small_town.town.id)
    assert sealed["number"] == 1
    assert sealed["length"] > 0
    assert len(sealed["merkle_root"]) == len(sealed["head"]) == 64
