"""The API of service requests: the catalogue, the lists, and everything one does with a request."""

from banyan.apps.service_requests.api.answers import router as answers
from banyan.apps.service_requests.api.catalogue import router as catalogue
from banyan.apps.service_requests.api.governing import router as rules
from banyan.apps.service_requests.api.joint import router as joint
from banyan.apps.service_requests.api.rates import router as rates
from banyan.apps.service_requests.api.same import router as same
from banyan.apps.service_requests.api.writing import router as requests

routers = (catalogue, joint, rules, requests, same, answers, rates)

__all__ = ["routers"]
