"""Django's admin as a reading room: the records of one town as they stand, for its managers and auditors, to read only.

Changes go through actions: a write here would pass by scope, rights and history.  So every way of writing is closed
twice: no record may be added, changed or deleted, and no request but GET and HEAD gets past the door.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final
from uuid import UUID

from django.apps import apps
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy

from banyan.apps.accounts import queries as accounts
from banyan.apps.territory import queries as territory
from banyan.base.errors import Forbidden, NotFound
from banyan.faces.web.errors import error_page
from banyan.kit import guard, scopes
from banyan.kit.guard import Channel
from banyan.kit.rows import is_town_row

Handler = Callable[[HttpRequest], HttpResponse]

_DOOR: Final = "/admin/"
_CHOSEN: Final = "records_town"
#: Tables that are not shown: people and their words, secrets, what tells who signed in.
HIDDEN: Final = frozenset(
    {
        *("people.Person", "people.Look", "audit.Disclosure", "service_requests.Comment", "notices.Notice"),
        *("notices.Channel", "notices.Choice", "notices.Habits", "notices.Delivery"),
        *("accounts.Account", "accounts.ApiToken", "accounts.StoredAnswer", "service_requests.SearchWord"),
        *("service_requests.Follow", "service_requests.ReturnCall"),
    }
)
#: Columns that are not shown in the tables that are: free words, contacts, whoever reported, and the secret number.
PERSONAL: Final = frozenset(
    {
        *("description", "address", "attributes", "remedy", "rating_words", "pause_reason", "tracking_number"),
        *("public_text", "answer", "words", "reason", "reasons", "task", "decision", "before"),
        *("reporter", "reporter_account_id", "person", "account", "lon", "lat", "cell"),
    }
)
#: Tables whose longitude and latitude are those of a place, not of somebody's report.
_PLACES: Final = frozenset({"territory.Place", "territory.Town"})
#: What may be asked of a column that refers to another table: which row, and whether there is one.
_OF_REFERENCES: Final = frozenset({"id", "pk", "exact", "in", "isnull"})


class Records(admin.AdminSite):
    """The reading room of one town."""

    site_header = gettext_lazy("Records of the town, to read only")
    site_title = gettext_lazy("Records")
    index_title = gettext_lazy("Tables")
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(getattr(request, "reads_records", False))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        # Without the tools of an account: signing out and passwords have pages of their own.
        return {**super().each_context(request), "has_permission": False}


class Reading(admin.ModelAdmin):  # type: ignore[type-arg]
    """A table that is read and never written."""

    actions = None
    list_per_page = 50
    show_full_result_count = False
    list_select_related = False
    search_fields: ClassVar = ()
    ordering: ClassVar = ("pk",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        town = request.town  # type: ignore[attr-defined]
        if is_town_row(self.model):
            return rows
        if self.model._meta.label == "territory.Town":
            return rows.filter(id=town.id)
        return rows.filter(town_id=town.id) if _has_town(self.model) else rows

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002
        return shown_fields(self.model)

    def get_list_display(self, request: HttpRequest) -> Any:  # noqa: ARG002
        plain = [name for name in shown_fields(self.model) if _is_short(self.model._meta.get_field(name))]
        return plain[:7] or ["pk"]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:  # noqa: ARG002
        # A filter tells what it filters by: neither a column that is not shown nor one of another table may be asked.
        name, *rest = lookup.split("__")
        if name not in shown_fields(self.model):
            return False
        return not self.model._meta.get_field(name).is_relation or _OF_REFERENCES.issuperset(rest)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return self.admin_site.has_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


def shown_fields(model: type[models.Model]) -> list[str]:
    """Return the names of the columns of a table that may be read here; references stand as identifiers."""
    label = model._meta.label
    hidden = PERSONAL - {"lon", "lat"} if label in _PLACES else PERSONAL
    if label == "service_requests.Service":
        hidden = frozenset()
    return [field.name for field in model._meta.concrete_fields if field.name not in hidden and field.name != "town"]


def _is_short(field: Any) -> bool:
    return not isinstance(field, models.TextField | models.JSONField | models.ForeignKey)


def _has_town(model: type[models.Model]) -> bool:
    return any(field.name == "town" for field in model._meta.concrete_fields)


def shown_models() -> list[type[models.Model]]:
    """Return the tables of the reading room: all of ours but the hidden ones."""
    ours = (config for config in apps.get_app_configs() if config.name.startswith("banyan.apps."))
    return [model for config in ours for model in config.get_models() if model._meta.label not in HIDDEN]


records: Final = Records(name="admin")


def furnish() -> None:
    """Put every table that may be shown into the reading room."""
    for model in shown_models():
        if not records.is_registered(model):
            records.register(model, Reading)


def reading_room(get_response: Handler) -> Handler:
    """Let managers and auditors of a town read its records: choose the town, open its scope, close every other door."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(_DOOR):
            return get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if not request.user.is_authenticated:
            return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': request.get_full_path()})}")
        if "town" in request.GET:
            request.session[_CHOSEN] = request.GET["town"][:40]
            return HttpResponseRedirect(request.path)
        return _read(request, get_response, account_id=request.user.id)

    return middleware


def _read(request: HttpRequest, get_response: Handler, *, account_id: UUID) -> HttpResponse:
    town = territory.town_named(request.session.get(_CHOSEN, "")) or _only_town(account_id)
    if town is None:
        return error_page(request, NotFound("town"))
    with scopes.town(town.id):
        actor = accounts.actor_of(account_id, town_id=town.id, channel=Channel.WEB)
        may_read = guard.may(actor, "audit.read", subject=guard.Subject())
        if may_read:
            request.town, request.actor, request.reads_records = town, actor, True  # type: ignore[attr-defined]
            return get_response(request)
    return error_page(request, Forbidden())


def _only_town(account_id: UUID) -> Any:
    own = accounts.towns_of(account_id)
    return own[0] if len(own) == 1 else None
