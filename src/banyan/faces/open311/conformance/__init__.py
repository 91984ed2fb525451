"""A conformance suite for GeoReport v2 that can be held against any server: a client of the standard library alone.

`examine` visits an endpoint, politely (few requests, small answers, never another host), and says for each clause of
the specification whether it is kept, with the evidence where it is not.  What it checks stands in
docs/how-to/check-an-open311-server.md.
"""

from banyan.faces.open311.conformance.examining import Report, Wish, examine
from banyan.faces.open311.conformance.findings import Finding, Level, Outcome
from banyan.faces.open311.conformance.telling import as_json, as_text

__all__ = ["Finding", "Level", "Outcome", "Report", "Wish", "as_json", "as_text", "examine"]
