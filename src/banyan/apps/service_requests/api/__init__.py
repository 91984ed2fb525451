"""The API of service requests: the catalogue, the lists, and everything one does with a request."""

from banyan.apps.service_requests.api.catalogue import router as catalogue
from banyan.apps.service_requests.api.rules import router as rules
from banyan.apps.service_requests.api.writing import router as requests

routers = (catalogue, rules, requests)

__all__ = ["routers"]
