"""Writing through GeoReport v2: the arguments become drafts and words of the same actions as everywhere."""

from __future__ import annotations

from itertools import chain
from typing import Any, Final

from django.utils.translation import gettext

from banyan.apps.accounts import queries as accounts
from banyan.apps.service_requests import actions, queries
from banyan.apps.service_requests.rules import OPEN, Status
from banyan.apps.territory import queries as territory
from banyan.base.errors import mark
from banyan.faces.open311.addresses import place_named
from banyan.faces.open311.asking import read_number
from banyan.faces.open311.door import Asked
from banyan.faces.open311.formats import Answer
from banyan.faces.open311.reading import row_of
from banyan.faces.open311.statuses import MILD, RECEIVED
from banyan.kit import images
from banyan.kit.templating import bi

_FOLLOW: Final = mark(
    "Follow this report with the tracking number {number} at {url}. Keep it to yourself: whoever has it acts as the "
    "reporter."
)
_NOT_FETCHED: Final = mark("media_url was not fetched. Send pictures as files in the field media.")
#: Letters from here on are of scripts that write the family name first and without a space.
_FAMILY_NAME_FIRST: Final = "\u2e80"


def received(asked: Asked) -> Answer:
    """Receive a report and give its identifier at once."""
    draft = _draft(asked)
    report = actions.report(
        actor=asked.actor,
        town=asked.town,
        draft=draft,
        at=asked.at,
        photos=_media(asked),
    )
    notices = [gettext(_FOLLOW).format(number=report.tracking_number, url=asked.url("follow"))]
    if asked.words.text("media_url", limit=2000):
        notices.append(gettext(_NOT_FETCHED))
    made = {"service_request_id": str(report.id), "service_notice": " ".join(notices), "account_id": None}
    return Answer("service_requests", [made], status=201)


def _media(asked: Asked) -> list[bytes]:
    shots = [file for name in ("media", "media[]") for file in asked.request.FILES.getlist(name)]
    return [file.read(images.MOST_BYTES + 1) for file in shots[: images.MOST_PICTURES + 1]]


def update_received(asked: Asked) -> Answer:
    """Take an update of another system; whether the actor may, the action decides.

    Its words are a comment.  Where its status says that the request stands otherwise than it does, the steps that lead
    there are taken, if the account of the key may take them; else it is refused, so that nobody believes it was heard.
    """
    words = asked.words
    text, photos = words.text("description"), _media(asked)
    status = words.text("status", limit=60).upper().replace(" ", "_")
    update_id = words.text("update_id", limit=120)
    words.instant("updated_datetime")
    if status and status not in RECEIVED:
        words.fault("status", mark("This is none of: {expected}."), facts={"expected": ", ".join(RECEIVED)})
    if not (text or status or photos):
        words.fault("description", mark("This is needed."))
    request_id = words.text("service_request_id", limit=100)
    if not request_id:
        words.fault("service_request_id", mark("This is needed."))
    words.check()
    row = row_of(request_id, town=asked.town)
    source = f"account:{asked.actor.account_id}"
    standing, ways = RECEIVED[status] if status else (frozenset(Status), ())
    taken = actions.take_update(
        actor=asked.actor,
        town=asked.town,
        service_request_id=row.id,
        news=actions.News(
            source=source,
            update_id=update_id,
            text=text,
            photos=photos,
            standing=standing,
            ways=ways,
            stays=OPEN if status in MILD else frozenset(),
        ),
        at=asked.at,
    )
    made = {"update_id": str(taken.entry_id), "service_request_id": str(row.id)}
    return Answer("service_request_updates", [made], status=201 if taken.is_new else 200)


def _draft(asked: Asked) -> actions.Draft:
    words = asked.words
    service = _service(asked)
    where = _where(asked, service)
    name = _name(words.text("first_name", limit=80), words.text("last_name", limit=80))
    phone, email = words.text("phone", limit=80), words.text("email", limit=300)
    description = words.text("description")
    words.check()
    return actions.Draft(
        service_code=service.code if service else "",
        description=description or bi(service),
        intake="api",
        contact_name=name,
        contact_phone=phone,
        contact_email=email,
        attributes=words.attributes(),
        is_passed_on=_is_passed_on(asked, name=name, phone=phone, email=email),
        **where,
    )


def _service(asked: Asked) -> queries.ServiceView | None:
    code = asked.words.text("service_code", limit=60)
    service = queries.catalogue(asked.town).offered.get(code)
    if not code:
        asked.words.fault("service_code", mark("This is needed."))
    elif service is None:
        asked.words.fault("service_code", mark("There is no service “{value}”."), code=404, facts={"value": code})
    return service


def _where(asked: Asked, service: queries.ServiceView | None) -> dict[str, Any]:
    """Return the point, place and address of a draft; what is no number is not finite, and the action refuses it."""
    words = asked.words
    lat, lon, address = words.text("lat", limit=100), words.text("long", limit=100), words.text("address_string")
    code = words.text("address_id", limit=200)
    if address and not (lat or lon or code):
        place = place_named(address, tree=territory.tree(asked.town), town=asked.town)
        code = place.code if place else ""
        if place is None and service is not None and service.needs_place:
            sentence = mark("This address begins with no place of the town. Send lat and long, or an address_id.")
            words.fault("address_string", sentence)
    elif not (lat or lon or code) and (service is None or service.needs_place):
        words.fault("lat", mark("A place is needed: lat and long, or address_string, or address_id."))
    return {"lat": _degrees(lat), "lon": _degrees(lon), "place_code": code, "address": address}


def _degrees(text: str) -> float | None:
    return read_number(text) if text else None


def _name(first: str, last: str) -> str:
    is_family_first = any(letter >= _FAMILY_NAME_FIRST for letter in chain(first, last))
    return f"{last}{first}" if is_family_first else f"{first} {last}".strip()


def _is_passed_on(asked: Asked, *, name: str, phone: str, email: str) -> bool:
    """Say whether the contact is somebody else's than the account's whose key came: a program reports for many.

    It is the account's own by its e-mail address or phone number, or where only a name comes, by that.
    """
    if asked.actor.account_id is None:
        return False
    own_name, own_phone, own_email = accounts.contact_of(asked.actor.account_id)
    if not (email or phone):
        return name not in ("", own_name)
    same_email = bool(email) and email.casefold() == own_email.casefold()
    same_phone = bool(phone) and _digits(own_phone).endswith(_digits(phone))
    return not (same_email or same_phone)


def _digits(phone: str) -> str:
    """Return the digits of a phone number; a country code may stand before them."""
    return "".join(letter for letter in phone if letter.isdecimal())
