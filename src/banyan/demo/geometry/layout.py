"""The master plan: which road runs where, which ground lies between, and what it is used for.

All numbers are plan coordinates (u, v) in metres as in `terrain`: u grows downstream to the east, v north of the river.
This page is the drawing board; change a line here and the town follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

WEST, EAST = -700.0, 680.0
NORTH_LINES: Final = (203.0, 387.0, 547.0)
SOUTH_LINES: Final = (-203.0, -385.0, -536.0)
MAINS: Final = {"renmin": -400.0, "avenue": 20.0, "jiangwan": 430.0}
#: Half width of the river and distance of the two embankment roads from its middle.
RIVER_HALF_M, EMBANKMENT_M = 36.0, 66.0
#: The creek comes from the south, separates town and village and joins the river.
CREEK: Final = ((345.0, 0.0), (322.0, -110.0), (345.0, -220.0), (318.0, -330.0), (338.0, -440.0), (320.0, -575.0))
CREEK_WIDTH_M: Final = 13.0
#: The village's own roads; they start beyond what they meet, so that the borders close.
VILLAGE_AVENUE: Final = (
    (430.0, 10.0),
    (432.0, -90.0),
    (448.0, -190.0),
    (470.0, -290.0),
    (462.0, -400.0),
    (490.0, -575.0),
)
VILLAGE_CROSS: Final = ((330.0, -206.0), (400.0, -192.0), (500.0, -184.0), (600.0, -204.0), (720.0, -190.0))
VILLAGE_EAST: Final = ((455.0, -372.0), (540.0, -360.0), (610.0, -385.0), (720.0, -362.0))

#: Cross streets of each band between its lower and upper line: the u where they stand.
CUTS: Final = {
    ("north", 0): (-548.0, -190.0, 225.0),
    ("north", 1): (-560.0, -205.0, 190.0),
    ("north", 2): (-170.0, 238.0),
    ("south", 0): (-555.0, -190.0, 180.0),
    ("south", 1): (-175.0, 168.0),
    ("south", 2): (-200.0,),
}


@dataclass(frozen=True, slots=True)
class Plot:
    """One grid of the master plan.

    `at` is a point certainly inside; `use` names the way it is built up (see `fabric`); `built` the span of years;
    `features` the facilities it holds.
    """

    key: str
    community: str
    at: tuple[float, float]
    use: str
    built: tuple[int, int]
    features: tuple[str, ...] = ()


#: Forty grids.  Uses: old (arcades and lanes), walkup, tower, slab, civic, school, works, park, hill, village, orchard.
PLOTS: Final = (
    Plot("RY-01", "rongyin", (-625, 105), "walkup", (1986, 1994), ("pumping_station",)),
    Plot("RY-02", "rongyin", (-475, 105), "old", (1958, 1992), ("pharmacy",)),
    Plot("RY-03", "rongyin", (-295, 105), "old", (1952, 1990), ("market", "square")),
    Plot("RY-04", "rongyin", (-85, 105), "civic", (1985, 2012), ("town_office", "library", "square")),
    Plot("RY-05", "rongyin", (-630, 300), "walkup", (1990, 1998), ("elderly_centre",)),
    Plot("RY-06", "rongyin", (-480, 300), "school", (1983, 2016), ("school",)),
    Plot("RY-07", "rongyin", (-300, 300), "old", (1960, 1996), ("committee",)),
    Plot("RY-08", "rongyin", (-95, 300), "walkup", (1988, 1997), ("clinic",)),
    Plot("RY-09", "rongyin", (-550, 475), "walkup", (1992, 2001), ("kindergarten",)),
    Plot("RY-10", "rongyin", (-285, 475), "walkup", (1994, 2003), ()),
    Plot("RY-11", "rongyin", (-75, 475), "park", (1999, 2004), ("park",)),
    Plot("JW-01", "jiangwan", (120, 105), "tower", (2013, 2018), ()),
    Plot("JW-02", "jiangwan", (330, 105), "tower", (2015, 2020), ("pharmacy",)),
    Plot("JW-03", "jiangwan", (555, 105), "tower", (2018, 2023), ()),
    Plot("JW-04", "jiangwan", (105, 300), "slab", (2005, 2010), ("committee",)),
    Plot("JW-05", "jiangwan", (310, 300), "tower", (2010, 2015), ("kindergarten",)),
    Plot("JW-06", "jiangwan", (555, 300), "tower", (2014, 2019), ()),
    Plot("JW-07", "jiangwan", (130, 475), "slab", (2003, 2008), ("elderly_centre",)),
    Plot("JW-08", "jiangwan", (335, 475), "school", (2012, 2017), ("school",)),
    Plot("JW-09", "jiangwan", (555, 475), "hill", (2008, 2012), ("hill_park",)),
    Plot("QN-01", "qiaonan", (-630, -105), "walkup", (1984, 1993), ("market",)),
    Plot("QN-02", "qiaonan", (-480, -105), "walkup", (1987, 1995), ("committee",)),
    Plot("QN-03", "qiaonan", (-295, -105), "walkup", (1993, 2000), ("service_station",)),
    Plot("QN-04", "qiaonan", (-550, -295), "works", (1978, 2006), ()),
    Plot("QN-05", "qiaonan", (-290, -295), "walkup", (1985, 1992), ("clinic",)),
    Plot("QN-06", "qiaonan", (-550, -465), "works", (1982, 2010), ("waste_station", "fire_station")),
    Plot("QN-07", "qiaonan", (-300, -465), "walkup", (1991, 1999), ("kindergarten",)),
    Plot("WJ-01", "wangjiang", (-85, -105), "tower", (2009, 2014), ("police_post",)),
    Plot("WJ-02", "wangjiang", (100, -105), "park", (2011, 2015), ("park", "sports_field")),
    Plot("WJ-03", "wangjiang", (255, -105), "tower", (2016, 2021), ()),
    Plot("WJ-04", "wangjiang", (-75, -295), "walkup", (1996, 2004), ("committee", "elderly_centre")),
    Plot("WJ-05", "wangjiang", (95, -295), "tower", (2011, 2016), ("pharmacy",)),
    Plot("WJ-06", "wangjiang", (248, -295), "tower", (2017, 2022), ("kindergarten",)),
    Plot("WJ-07", "wangjiang", (-90, -465), "slab", (2004, 2009), ()),
    Plot("WJ-08", "wangjiang", (170, -465), "slab", (2006, 2011), ("market",)),
    Plot("LY-01", "longyan", (382, -100), "village", (1979, 2012), ("clinic",)),
    Plot("LY-02", "longyan", (560, -110), "village", (1975, 2015), ("committee", "village_pond")),
    Plot("LY-03", "longyan", (390, -380), "village", (1982, 2019), ("school_small",)),
    Plot("LY-04", "longyan", (570, -280), "village", (1980, 2018), ("elderly_centre",)),
    Plot("LY-05", "longyan", (590, -465), "orchard", (1990, 2016), ("orchard", "village_pond")),
)
