"""Everything that changes a request or the catalogue.  Each action authorises, decides, stores, records, publishes."""

from banyan.apps.service_requests.actions.catalogue import NewService, publish_catalogue, read_catalogue
from banyan.apps.service_requests.actions.importing import Brought, import_cases
from banyan.apps.service_requests.actions.report import Received, report
from banyan.apps.service_requests.actions.rulesets import publish_rules
from banyan.apps.service_requests.actions.steps import take_step
from banyan.apps.service_requests.actions.words import add_photos, comment, rate, read_contact
from banyan.apps.service_requests.rules import Draft, Wanted

__all__ = [
    "Brought",
    "Draft",
    "NewService",
    "Received",
    "Wanted",
    "add_photos",
    "comment",
    "import_cases",
    "publish_catalogue",
    "publish_rules",
    "rate",
    "read_catalogue",
    "read_contact",
    "report",
    "take_step",
]
