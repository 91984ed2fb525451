"""Open311 GeoReport v2: the town's requests for every client that speaks it, in XML and JSON.

A face like the others: it reads what everybody may read, reports through the same action, and decides nothing itself.
What it promises stands in docs/reference/open311.md.
"""
