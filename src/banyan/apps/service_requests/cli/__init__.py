"""Service requests on the command line: the whole loop, the rules, and cases and tickets of other systems."""

from banyan.apps.service_requests.cli import handling, imports, rules, tickets
from banyan.apps.service_requests.cli.root import requests

__all__ = ["handling", "imports", "requests", "rules", "tickets"]
