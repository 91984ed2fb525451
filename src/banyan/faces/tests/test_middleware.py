"""What is refused before anything of a request is read."""

from __future__ import annotations

from django.test import Client

from banyan.kit.images import MOST_BYTES_OF_A_FORM
from tests.towns import SmallTown


def test_a_form_beyond_all_photos_is_refused_unread(small_town: SmallTown):
    path, client = f"/t/{small_town.town.slug}/follow/", Client()

    huge = client.post(path, {"number": "x"}, headers={"Content-Length": str(MOST_BYTES_OF_A_FORM + 1)})
    small = client.post(path, {"number": "x"})

    assert (huge.status_code, small.status_code) == (413, 422)
