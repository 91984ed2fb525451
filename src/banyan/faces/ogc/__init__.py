"""OGC API - Features - Part 1: Core (OGC 17-069r4): places, map and public requests of a town, for maps and GIS."""
