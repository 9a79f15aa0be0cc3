"""Queries and what they must give, for the tests of places.

One query a line, behind ``=>`` the names of its places, joined by ``+``; ``~`` marks a hedged
one. Those of ``GRES_*`` are quoted from the published files, the others are made.
"""

from __future__ import annotations

GRES_NO_PLACE = """\
Divide the elongated, rectangular vehicle featuring a white top and side windows.
Find the pale, rectangular structure with a flat top in the midst of the darker surroundings.
Find the passenger vehicle with a sleek form and a white upper section on a dark backdrop.
Find the slender tower that features a vivid orange hue and a pointed top.
Find the truck that features large white letters centrally placed against a dark background.
Find the truck that's on a brown surface and has a black top element.
Find the truck-like vehicle that features a white upper section and darker sides.
Find the vehicle with a white front and an extended, flat trailer, centered on the roadway.
Identify the building with a red roof and a white section in the center.
Identify the shed in the image that features a light green top.
Identify the structure with a grid-like pattern at the top against a textured brown background.
Identify the truck featuring a white top and rectangular design within the image.
Identify the truck with a light-colored top and dark sides in the image.
Locate the truck prominently marked with large white letters in the middle of a dark backdrop.
Locate the truck with a white rectangular license plate centrally positioned on the rear.
Look for the edifice that has a red-brick front and a white top, situated horizontally.
Spot the truck featuring a white cab and a long, flat trailer in the central part of the road.
Spot the truck with a white upper surface and a rectangular outline in the photo.
Spot the venue by locating the sizable, red oval track featuring a green field in the middle.
"""

GRES_PLACES = """\
Identify the truck in the bottom-center of the image. => bottom-center
Locate the engineering vehicle in the top-right of the image. => top-right
Find the excavator located in the center of the image. => center
Spot the shed that appears near the bottom-right section of the image. => bottom-right~
Locate the shed positioned towards the bottom-right corner of the image. => bottom-right~
Which building is situated in the bottom-right area of this image? => bottom-right
Spot the truck in the image's top-right area. => top-right
Identify the truck positioned at the top left side of the image. => top-left
Find the structure at the middle of the picture encircled by winding pathways. => center
Find the bus situated at the extreme lower part of the picture. => bottom edge
Identify the engineering vehicle located at the central top part of the photo. => top-center
Find the trailer located at the lower right-hand side of the image. => bottom-right
Locate the loader in the center-right of the image. => center-right
Locate the bus that is largely outside the lower edge of the image. => bottom edge
Spot the trailer situated slightly to the right of the center in the image. => right of center~
Spot the shed placed at the center-top area of the image. => top-center
Find the building with damage in the right-center area of the image. => center-right
In the image, look for the bus positioned in the bottom-right section. => bottom-right
Spot the airplane that is positioned just above the center in the picture. => above center~
Look for the shed located towards the right center of the picture. => center-right~
Locate the haul truck in the area slightly right of center in the image. => right of center~
Spot the bus that is chiefly beyond the lower boundary of the image. => bottom edge
Locate the damaged structure situated in the middle right part of the picture. => center-right
Spot the boat situated centrally towards the right in the photo. => center+right~
Identify the truck in the corner at the lower-right of the photo. => bottom-right
Locate the truck close to the image's top-center. => top-center~
Spot the bus located in the corner at the bottom on the right side of the image. => bottom-right
Identify the bus positioned at the bottommost section of the image. => bottom edge
Spot the bus that is positioned just to the right of the image's center. => right of center~
Identify the excavator located on the left side of the central area of the image. => left of center
Locate the passenger car in the topmost right area of the photo. => top-right
Locate the bus that is situated a bit rightward of the center in the picture. => right of center~
In the image, the bus is positioned in the bottom middle. => bottom-center
Identify the shed situated towards the right of the central part of the image. => right of center~
Identify the structure situated at the center of the image's bottom section. => bottom-center
Point out the building in the top-right that shows signs of damage in the image. => top-right
Spot the vessel situated in the right-bottom area of the photo. => bottom-right
Spot the excavator positioned towards the mid-left section of the image. => center-left~
Spot the shed that is positioned just off-center to the right in the picture. => center-right~
Find the truck placed off-center towards the left in the photo. => left~
Spot the building positioned in the leftmost top area of the image. => top-left
Find the vehicle situated at the midpoint of the picture. => center
Spot the pylon positioned a bit higher than the center of the image. => above center~
Locate the small craft placed in the upper-right edge of the image. => top-right
Spot the car that is near the lower end of the photograph. => bottom~
Find the trailer positioned towards the right side of the middle in the picture. => right of center~
Find the barge located centrally at the top of the photograph. => top-center
Locate the bus in the top-left corner of the image near the center. => top-left+center~
Spot the facility in the right-hand corner at the top of the photograph. => top-right
Recognize the green rectangular item on the right of the picture as the bus. => right
Spot the bulldozer that is slightly north of the image's midpoint. => above center~
Find the bus situated at the image's central point. => center
Find the shed that sits at the central point along the top of the picture. => top-center
Look at the central car in the image, paying attention to its unique features. => center
Identify the edifice located at the bottom-right of the visual. => bottom-right
Spot the pylon located in the center of the bottom part of the photo. => bottom-center
Locate the dozer that is situated a little higher than the image's center. => above center~
Spot the car positioned in the upper-right segment of the photo. => top-right
Look for the truck in the upper corner on the right side of the image. => top-right
Find the vehicle situated at the top and center of the picture. => top-center
Find the pylon positioned at the center of the image's bottom edge. => bottom-center
"""

NO_PLACE = """\
the car to the left of the road
the building north of the runway
the truck next to the building at the bottom of the hill
the house with a blue roof on top
the top of the building
the cab at the front
the trailer at the left end of the truck
the road that makes a right angle
northbound cars
the plane facing right
the cars in the left-turn lane
the left lane
the white plane pointing to the top-left of the image
the second plane from the left
the leftmost plane
the shopping center
the center of the roundabout
the car in the middle of the road
the car in the middle of the intersection
the upper deck of the bridge
the lower parking lot
the green field to the right
the bus right next to the building
the bus right behind the truck
the helipad with a white H in the center
the road running from left to right
the stripes from top to bottom
the bridge extending from the left edge to the right edge of the image
cars on both sides of the road
the left and right sides of the roof
the northern runway
the runway in the northwest
the west wing of the terminal
the car near the road at the bottom of the image
the building beside the river on the right side of the image
a van between the two trucks in the upper left corner
the truck's left side
the building's top
its upper left corner
the vehicle moving toward the bottom of the image
the boat not in the left half of the image
the top view of a building
the center line of the court
low vegetation
the impervious surface
the vehicle driving on the right
a truck to the left
the truck above the bridge
the ship below the bridge
the edge of the forest
the corner of the building
the road along the edge of the image
paved road
the top left window of the house
the tennis court closest to the top
the structure on the core region where the darker forms stand out
the north-south runway
the storage tank left of the two others
building with the gray roof on the left side
road with trees on the right
the car on the right side of the road
the vehicle parked on the left side of the building in the image
South Korean flag
the data center building
the central island of the roundabout
the circle in the middle of the court
the car turning left at the crossing
cars with left-hand drive
a right triangle of grass
the bottom row of containers
the tank on top
the right of way
the middle school
holes left by missing walls
the last car left in the lot
the boat facing the bottom-left of the image
the plane heading toward the right edge of the picture
the car left of the tree in the top right corner of the image
the pool in the center of the courtyard of the house
the tower that is tall and in the midst of the ruins
the terminal at the northern end of the runway
the truck parked in front of the building at the top left
the truck behind the hangar in the lower right part of the picture
either side of the image
all four corners of the image
the trailer's top left corner
the river flowing from the upper left to the lower right of the image
houses at the top and bottom of the image
the top-left corner of the parking lot
the car on the left side of the street in the lower part of the image
the ship closest to the top edge of the image
the road between left and right fields
the swimming pool of the second house from the right
the plane on the far right of the apron
low vegetation along the paved road on the left
top
left right left right
"""

PLACES = """\
the car at the top-left => top-left
the car in the lower right corner of the image => bottom-right
the building on the left side, towards the bottom => left+bottom~
the bus at center-right => center-right
the boat middle-right of the frame => center-right
the plane in the top center => top-center
the truck slightly left of the center => left of center~
the truck near the center => center~
the field towards the bottom of the image => bottom~
the house in the northern part of the image => top
the house in the north-east corner of the image => top-right
the northwest corner of the scene => top-left
the storage tank on the far left of the image => left edge
the storage tank on the far left => left edge
the court in the upper-left section => top-left
the court in the top right quadrant => top-right
the vehicles in the lower portion of the picture => bottom
the road along the right edge of the image => right edge
the building in the left third of the image => left third
the building in the bottom third => bottom third
the lake in the left half of the photo => left half
the upper two thirds of the image => top two thirds
the road at the very bottom of the picture => bottom edge
the image's top-left corner => top-left
in the image, at the top left, a car => top-left
On the left of the image, next to the road, a truck => left
the truck located in the bottom-left of the aerial image => bottom-left
the centre of the picture => center
the car in the middle => center
the car in the middle, where the roads meet => center
the car in the central area of the image where the roads meet => center
the car in the top-left corner where the roads meet => top-left
the car at the bottom => bottom
the car on the right => right
the car on the right-hand side => right
the left-hand side of the image => left
the top-left truck => top-left
the lower left building in the image => bottom-left
a vehicle in the upper part of the satellite photo => top
the car just below the center of the image => below center~
the truck slightly above and to the right of the center => above and right of center~
the car in the bottom right-hand corner => bottom-right
the barge in the lower left quarter of the image => bottom-left
the building at the top of the picture, slightly to the left => top+left~
the car at the southern edge of the image => bottom edge
the ship in the southeastern corner of the image => bottom-right
the trees in the west of the image => left
the truck attached to a cab in the upper-right corner => top-right
the ship at the right, near the bottom => right+bottom~
bottom left vehicle => bottom-left
top right car => top-right
the car in the top-left part of the frame, next to a building => top-left
the road on the left side of the image => left
low vegetation in the upper right of the image => top-right
the truck facing left in the bottom-right corner of the image => bottom-right
the car in the left part of the image parked near a tree => left
the truck in the center, slightly to the right => center+right~
the tennis court in the middle third of the image => center
a car that's in the upper left => top-left
the swimming pool at the upper right, beside the house => top-right
the building in the image's upper half => top half
the plane in the extreme top left => top-left
the car close to the left border => left edge~
the vehicle on the left-most side of the image => left edge
the upper image area => top
the building located north of the center => above center
the building in the center of the left side of the image => center-left
the building (top-left) => top-left
top-left: a white car => top-left
the bus in the right part of the image and at the bottom => right+bottom
the truck in the upper left-hand part of the view => top-left
the car at the image center => center
the dark car in the bottom corner on the left side of the image => bottom-left
the white plane in the top right area, pointing to the left => top-right
the pond with green water in the lower right of the image => bottom-right
the court in the lower-central area of the image => bottom-center
the shed off-center to the left of the image => center-left~
The ship located towards the bottom left of the image. => bottom-left~
a small car in the top-left corner beside the large building in the center of the image => top-left
The object is at the top right. It is red. => top-right
vehicle top-left => top-left
upper-left-hand corner of picture => top-left
the car in the lower middle, slightly left => bottom-center+left~
a vehicle in the middle of the bottom => bottom-center
the tank in the central-eastern part of the image => center-right
"""
