"""Distances on the earth."""

from math import asin, cos, radians, sin, sqrt

_EARTH_KM = 6371.0088
"""Mean radius (IUGG)."""


def kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Between two points of latitude and longitude in degrees, on the great circle (haversine)."""
    north, south = radians(one[0]), radians(other[0])
    half = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin(radians(other[1] - one[1]) / 2) ** 2
    return 2 * _EARTH_KM * asin(min(1.0, sqrt(half)))
