"""The rows of service requests."""

from banyan.apps.service_requests.models.catalogue import Ruleset, Service
from banyan.apps.service_requests.models.imports import ExternalUpdate, ImportRun, Rejection
from banyan.apps.service_requests.models.joint import Part, ReturnCall, Ruling, Supervision
from banyan.apps.service_requests.models.rates import RateExclusion
from banyan.apps.service_requests.models.requests import Comment, Photo, ServiceRequest
from banyan.apps.service_requests.models.same import Follow, Incident, Merge
from banyan.apps.service_requests.models.searching import SearchWord

__all__ = [
    "Comment",
    "ExternalUpdate",
    "Follow",
    "ImportRun",
    "Incident",
    "Merge",
    "Part",
    "Photo",
    "RateExclusion",
    "Rejection",
    "ReturnCall",
    "Ruleset",
    "Ruling",
    "SearchWord",
    "Service",
    "ServiceRequest",
    "Supervision",
]
