"""The demonstration town as drawn: river, streets, grids, buildings, facilities.  Synthetic and deterministic."""

from banyan.demo.geometry.drafting import plan_town
from banyan.demo.geometry.plan import Building, Community, Estate, Facility, Grid, Ground, Ring, Street, Town

__all__ = ["Building", "Community", "Estate", "Facility", "Grid", "Ground", "Ring", "Street", "Town", "plan_town"]
