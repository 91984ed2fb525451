"""Pages of service requests: what both sides use in `shared`, residents' and staff's pages beside it."""
