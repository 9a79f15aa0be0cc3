"""Places, colors, sizes and coordinates in queries: tables of real and made ones.

Blocks hold one query a line, with what it must give behind ``=>``. Place names are joined by
``+``, and ``~`` marks a hedged one. Those of ``GRES_*`` are quoted from the published files.
"""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_plugin.language import (
    Region,
    colors,
    combine,
    coordinates,
    places,
    sizes,
)
from fiftyone_plugin.language.vocabulary import BRIDGE, CENTER, HORIZONTAL, RELATION, VERTICAL

GRES_NO_PLACE = """\
Identify the truck with a light-colored top and dark sides in the image.
Find the structure that has a rectangular form, a flat top, and is consistently dark grey in color.
Identify the building with a dark red-brown facade and vertical black ridges on the left edge.
Identify the building with a red roof and a white section in the center.
Spot the circular area where an 'H' is centered, commonly marked with varied colors on a flat platform.
Locate the circular zone featuring an 'H' at its center, usually highlighted with different colors.
Locate the truck with a white rectangular license plate centrally positioned on the rear.
Identify the small, white boat with a sleek, elongated shape floating on water, slightly tilted to the left.
Find the truck by spotting the darker, smaller vehicle located on the right side of the larger white trucks.
Spot the truck with a darker tint and compact form, placed to the right of the lighter truck in the image.
Spot the truck featuring a white cab and a long, flat trailer in the central part of the road.
Locate the truck with a distinct dark shade and rectangular design, positioned at the center of the road.
Spot the rectangular building with a dark green flat roof that is located right next to the parking area.
Find the car that features a large rectangle form, with a dark top and a light bottom, stretched out horizontally in the picture.
Locate the boat with a red bottom
Spot the truck on the road that displays a brown top and a unique series of white stripes.
Locate the truck with wheels located at the bottom
Find the massive yellow truck with a high, open-top load area and huge wheels, typically located on a construction site or in a mine.
Find the extended vehicle that has large windows and a white top, parked parallel to the road.
"""
