"""HEAD on the API: what GET would answer, without the body."""

from __future__ import annotations

import pytest

from banyan.apps.service_requests.models import ServiceRequest
from tests.contexts import client
from tests.towns import SmallTown

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("service_requests", 200),
        ("services", 200),
        ("service_requests/{id}", 200),
        ("service_requests/00000000-0000-0000-0000-000000000000", 404),
    ],
)
def test_head_answers_wherever_get_does_with_the_same_status_and_headers(small_town: SmallTown, path: str, status: int):
    made = small_town.report()
    address = f"/api/v1/towns/{small_town.town.slug}/{path.format(id=made.id)}"
    visitor = client(small_town, "resident")

    got, headed = visitor.get(address), visitor.head(address)

    assert headed.status_code == got.status_code == status
    assert headed.content == b"" and got.content
    assert headed.headers["Content-Type"] == got.headers["Content-Type"]
    assert headed.headers["Content-Length"] == str(len(got.content))


def test_head_changes_nothing_and_is_refused_where_get_is(small_town: SmallTown):
    made = small_town.report()
    address = f"/api/v1/towns/{small_town.town.slug}/service_requests/{made.id}/comments"
    visitor = client(small_town, "resident")

    assert visitor.head(address).status_code == visitor.get(address).status_code
    with small_town.scope():
        assert ServiceRequest.objects.get(id=made.id).version == made.request.version


def test_a_photo_is_asked_for_by_head_without_being_sent(small_town: SmallTown):
    from banyan.apps.service_requests import actions
    from banyan.apps.service_requests.tests.test_pages_of_residents import _photo
    from tests.towns import NOW

    made = small_town.report()
    with small_town.scope():
        (photo,) = actions.add_photos(
            actor=small_town.actor("resident"),
            town=small_town.town,
            service_request_id=made.id,
            photos=[_photo().read()],
            moment="report",
            at=NOW,
        )
    address = f"/api/v1/towns/{small_town.town.slug}/service_requests/{made.id}/photos/{photo.id}"

    bearer = {"X-Tracking-Number": made.tracking_number}
    headed = client(small_town).head(address, headers=bearer)

    assert (headed.status_code, headed.content, headed.headers["Content-Type"]) == (200, b"", "image/jpeg")
    assert int(headed.headers["Content-Length"]) == photo.n_bytes
