"""Services and service requests as the API shows and takes them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from banyan.apps.service_requests.rules import WORDS_LIMIT, Intake, Kind, Status, Step, Urgency
from banyan.apps.service_requests.rules.attributes import Datatype
from banyan.apps.service_requests.rules.privacy import Privacy
from banyan.base.coordinates import System
from banyan.kit.api import TEXT_PATTERN, Body, Identifier, Instant, OwnIdentifier, Version

Words = Annotated[str, Field(max_length=WORDS_LIMIT, pattern=TEXT_PATTERN)]
Line = Annotated[str, Field(max_length=200, pattern=TEXT_PATTERN)]
Name = Annotated[str, Field(max_length=80, pattern=TEXT_PATTERN)]
Code = Annotated[str, Field(max_length=60, pattern=TEXT_PATTERN)]


class View(StrEnum):
    """Whose list: the public part of every request, one's own in full, or in full what one answers for as staff."""

    PUBLIC = "public"
    MINE = "mine"
    WORK = "work"


class Order(StrEnum):
    """Newest first, or by deadline (running clocks only)."""

    NEWEST = "newest"
    CLOCK = "clock"


class Taken(StrEnum):
    """The way a request came in through the API: by the reporter, or written down by the staff for someone else."""

    API = Intake.API
    PHONE = Intake.PHONE
    COUNTER = Intake.COUNTER
    DOOR_TO_DOOR = Intake.DOOR_TO_DOOR
    PARENT = Intake.PARENT


# --- the catalogue ---------------------------------------------------------------------------------------------------


class ChoiceOut(Schema):
    """One of the values of an attribute that is a list."""

    key: str
    name_zh: str
    name_en: str


class AttributeOut(Schema):
    """What a service asks beside the words, or tells where `variable` is false (Open311 service definition)."""

    code: str
    datatype: Datatype
    required: bool
    variable: bool
    order: int
    description_zh: str
    description_en: str
    datatype_description_zh: str
    datatype_description_en: str
    values: list[ChoiceOut]


class ServiceOut(Schema):
    """A service of the catalogue.  `targets`: urgency -> clock -> working minutes."""

    code: str
    version: int
    kind: Kind
    group: str
    group_zh: str
    group_en: str
    name_zh: str
    name_en: str
    description_zh: str
    description_en: str
    keywords_zh: str
    keywords_en: str
    default_urgency: Urgency
    is_clock_always_on: bool
    targets: dict[str, dict[str, int]]
    responsible_kinds: list[str]
    needs_place: bool
    advises_photo: bool
    attributes: list[AttributeOut]
    source: str


class ServicesOut(Schema):
    """The services on offer, by group and code."""

    items: list[ServiceOut]
    next: str | None
    previous: str | None


# --- what goes out ---------------------------------------------------------------------------------------------------


class ServiceNamed(Schema):
    """A service by code and name."""

    code: str
    name_zh: str
    name_en: str
    group: str


class PlaceNamed(Schema):
    """A place by code and name."""

    code: str
    path: str
    name_zh: str
    name_en: str


class PartyNamed(Schema):
    """A party by identifier and name."""

    id: UUID
    code: str
    name_zh: str
    name_en: str


class RequestOut(Schema):
    """A request in a list.

    In the public view `description` and `address` are empty unless the town has published the words.  Points are WGS84.
    """

    id: UUID
    service: ServiceNamed
    kind: Kind
    status: Status
    urgency: Urgency
    channel: Intake
    place: PlaceNamed | None
    party: PartyNamed | None
    address: str
    lon: float | None
    lat: float | None
    requested_at: datetime
    updated_at: datetime
    deadline_at: datetime | None
    stopped_at: datetime | None
    remaining_min: int | None
    stage: str
    stage_deadline_at: datetime | None
    is_overdue: bool
    rating: int | None
    is_text_public: bool
    description: Annotated[
        str, Field(description="In a public view the words for everybody, empty where none were published.")
    ]
    version: int


class RequestsOut(Schema):
    """One page of requests."""

    items: list[RequestOut]
    next: str | None
    previous: str | None


class PhotoOut(Schema):
    """A re-encoded photo; sizes in pixels and bytes."""

    id: UUID
    moment: Literal["report", "during", "after"]
    width: int
    height: int
    n_bytes: int
    sha256: str
    at: datetime
    url: str


class RequestWholeOut(RequestOut):
    """One request.  What stands after `steps` is filled only where `access` is full."""

    access: Literal["full", "public"]
    privacy: Privacy
    """named where the asker may not know."""
    public_text: Annotated[str, Field(description="What everybody reads where it differs from the description.")]
    retain_until: date | None
    steps: list[Step]
    matter_id: UUID | None
    building: PlaceNamed | None
    suggested_party: PartyNamed | None
    handler_account_id: UUID | None
    remedy: str
    pause_reason: str
    rating_words: str
    attributes: dict[str, str | list[str]]
    verification: str
    verified_how: str
    verify_by_at: datetime | None
    photos: list[PhotoOut]


class ReceivedOut(Schema):
    """What a reporter gets back.  The tracking number is a secret: whoever knows it acts as the reporter."""

    id: UUID
    tracking_number: str
    status: Status
    version: int
    deadline_at: datetime | None
    url: str


class MomentOut(Schema):
    """One entry of the history; `words` are there for those who may read the request in full, null where erased."""

    id: UUID
    at: datetime
    verb: str
    role: str
    facts: dict[str, Any]
    words: dict[str, str | None]
    account_id: UUID | None
    account_name: str


class TimelineOut(Schema):
    """The history of one request, oldest first."""

    items: list[MomentOut]
    next: str | None
    previous: str | None


class CommentOut(Schema):
    """Words added to a request."""

    id: UUID
    role: str
    is_internal: bool
    text: str
    at: datetime


class CommentsOut(Schema):
    """The comments on a request that the asker may read, oldest first."""

    items: list[CommentOut]
    next: str | None
    previous: str | None


class ContactOut(Schema):
    """The reporter's contact in the clear.  The look has been noted; the reporter can see it."""

    name: str
    phone: str
    email: str


class CountsOut(Schema):
    """How many requests stand in each state."""

    by_status: dict[str, int]
    n: int


class RateOut(Schema):
    """A rate with its numbers: `n` of `of`, and `unknown` more that could not be measured.

    Share and interval (Wilson, 95 %) are null where too few requests stand behind them.
    """

    n: int
    of: int
    unknown: int
    share: float | None
    low: float | None
    high: float | None


class RatesLineOut(Schema):
    """The rates of one unit, service, group of services or place; `key` is empty for requests without one."""

    key: str
    name_zh: str
    name_en: str
    n: int
    n_before: int
    left_out: dict[str, int]
    score: float | None
    rates: dict[str, RateOut]


class RatesOut(Schema):
    """The rates of a period within what the asker reaches; never by resident or member of staff."""

    from_on: str
    until_on: str
    by: str
    at: datetime
    total: RatesLineOut
    items: list[RatesLineOut]


# --- what comes in ---------------------------------------------------------------------------------------------------


class ReportIn(Body):
    """A report.  A point in degrees of `coordinate_system`, or the code of a place where there is no point."""

    service_code: Code
    description: Annotated[str, Field(min_length=1, max_length=WORDS_LIMIT, pattern=TEXT_PATTERN)]
    urgency: Annotated[Urgency, Field(strict=False)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    coordinate_system: Annotated[System, Field(strict=False)] = System.WGS84
    address: Line = ""
    place_code: Annotated[str, Field(max_length=40, pattern=TEXT_PATTERN)] = ""
    channel: Annotated[Taken, Field(strict=False)] = Taken.API
    contact_name: Name = ""
    contact_phone: Annotated[str, Field(max_length=24, pattern=TEXT_PATTERN)] = ""
    contact_email: Annotated[str, Field(max_length=254, pattern=TEXT_PATTERN)] = ""
    privacy: Annotated[
        Privacy, Field(strict=False, description="anonymous keeps no contact; confidential is never public.")
    ] = Privacy.NAMED
    requested_at: Instant | None = None
    attributes: Annotated[dict[Code, Words | Annotated[list[Words], Field(max_length=60)]], Field(max_length=20)] = {}
    id: OwnIdentifier | None = None


class StepIn(Body):
    """A step of the state table with the words that come with it; words the step does not take are refused."""

    step: Annotated[Step, Field(strict=False)]
    version: Version
    reason: Words = ""
    remedy: Words = ""
    party_id: Identifier | None = None
    handler_account_id: Identifier | None = None
    service_code: Code = ""
    urgency: Annotated[Urgency, Field(strict=False)] | None = None
    way: Literal["", "assign", "grab", "round_robin"] = ""
    is_text_public: bool | None = None
    review_on: Annotated[date, Field(strict=False, description="When a parked case is looked at again.")] | None = None
    asks_arbitration: bool | None = None
    public_text: Annotated[
        Words, Field(description="What everybody reads once the words are public; empty hides personal data by itself.")
    ] = ""


class RedactionIn(Body):
    """The words that everybody reads in the place of the description; empty hides the personal data that is found."""

    version: Version
    text: Words = ""
    is_text_public: bool | None = None


class CommentIn(Body):
    """Words to add; internal ones are for the staff only."""

    text: Annotated[str, Field(min_length=1, max_length=WORDS_LIMIT, pattern=TEXT_PATTERN)]
    is_internal: bool = False


class RatingIn(Body):
    """How it was handled, 1 (poor) to 5 (very good)."""

    rating: Annotated[int, Field(ge=1, le=5)]
    version: Version
    words: Annotated[str, Field(max_length=1000, pattern=TEXT_PATTERN)] = ""


class LookIn(Body):
    """Why the contact is looked at; needed outside one's own area."""

    reason: Annotated[str, Field(max_length=300, pattern=TEXT_PATTERN)] = ""
