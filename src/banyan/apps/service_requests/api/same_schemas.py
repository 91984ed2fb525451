"""Reports of the same thing, answers, the two lists and incidents, as the API shows and takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from ninja import Schema
from pydantic import Field

from banyan.apps.service_requests.rules import WORDS_LIMIT, Kind, Status
from banyan.apps.service_requests.schemas import Code, PartyNamed, PlaceNamed, ServiceNamed, Words
from banyan.kit.api import TEXT_PATTERN, Body, Identifier, Instant, Version

Title = Annotated[str, Field(min_length=1, max_length=120, pattern=TEXT_PATTERN)]
Said = Annotated[str, Field(max_length=2000, pattern=TEXT_PATTERN)]
Reason = Annotated[str, Field(max_length=300, pattern=TEXT_PATTERN)]


class SimilarOut(Schema):
    """A request that may be of the same thing; `words` are empty unless everybody may read them.

    `distance_m` in metres, to the next 50.
    """

    id: UUID
    service: ServiceNamed
    place: PlaceNamed | None
    status: Status
    words: str
    distance_m: int
    requested_at: datetime
    n_followers: int
    n_merged: int


class SimilarsOut(Schema):
    """What looks most like a report, most alike first."""

    items: list[SimilarOut]
    next: str | None
    previous: str | None


class SimilarIn(Body):
    """What somebody is about to report: a WGS84 point, a service and words."""

    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    service_code: Code
    words: Words = ""


class MergeIn(Body):
    """Into which report a report is merged, and why."""

    into_id: Identifier
    version: Version
    reason: Reason = ""


class SeparateIn(Body):
    """Why a merged report is separated again."""

    version: Version
    reason: Reason = ""


class TogetherOut(Schema):
    """What hangs together with a request: where it is handled, how many reports and followers it has."""

    id: UUID
    status: Status
    version: int
    merged_into: UUID | None
    incident_id: UUID | None
    n_merged: int
    n_followers: int
    answer: str
    answered_at: datetime | None


class AnswerIn(Body):
    """The town's answer, in one language or both in one text."""

    text: Annotated[str, Field(min_length=1, max_length=WORDS_LIMIT, pattern=TEXT_PATTERN)]
    version: Version


class ItemOut(Schema):
    """One item of a public list with the town's answer; `words` only where the town has published them."""

    id: UUID
    service: ServiceNamed
    kind: Kind
    status: Status
    place: PlaceNamed | None
    party: PartyNamed | None
    requested_at: datetime
    words: str
    answer: str
    answered_at: datetime | None
    n_merged: int
    n_followers: int


class ItemsOut(Schema):
    """One page of a public list, newest first."""

    items: list[ItemOut]
    next: str | None
    previous: str | None


class IncidentOut(Schema):
    """Something that befell an area; without services it may explain any of them."""

    id: UUID
    title_zh: str
    title_en: str
    words_zh: str
    words_en: str
    service_codes: list[str]
    place: PlaceNamed | None
    starts_at: datetime
    expected_end_at: datetime | None
    ended_at: datetime | None
    version: int
    n_requests: int


class IncidentsOut(Schema):
    """The incidents that go on, newest first, and then the newest that are over."""

    items: list[IncidentOut]
    next: str | None
    previous: str | None


class IncidentIn(Body):
    """An incident: words in two languages, a place by code, services by code (none: all)."""

    title_zh: Title
    title_en: Title
    words_zh: Said = ""
    words_en: Said = ""
    place_code: Annotated[str, Field(min_length=1, max_length=40, pattern=TEXT_PATTERN)]
    service_codes: Annotated[list[Code], Field(max_length=200)] = []
    starts_at: Instant
    expected_end_at: Instant | None = None


class IncidentChangeIn(IncidentIn):
    """What is said about an incident from now on."""

    version: Version


class VersionIn(Body):
    """The version that the caller has read."""

    version: Version


class AttachIn(Body):
    """Requests that hang on an incident, or no longer do."""

    service_request_ids: Annotated[list[Identifier], Field(min_length=1, max_length=500)]


class ChangedOut(Schema):
    """How many requests were changed."""

    n_changed: int


class AnswerAllIn(Body):
    """One answer in both languages for every request of an incident."""

    text_zh: Annotated[str, Field(min_length=1, max_length=1999, pattern=TEXT_PATTERN)]
    text_en: Annotated[str, Field(min_length=1, max_length=1999, pattern=TEXT_PATTERN)]
    resolves: bool = False


class AnsweredAllOut(Schema):
    """How many got the answer, and how many were resolved by it."""

    n_answered: int
    n_resolved: int
