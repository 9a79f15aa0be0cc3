"""Words that betray a fault of a query. What must not be found stands first."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.fiftyone_plugin.language import (
    comparisons,
    garbled_request,
    generic,
    hardly_visible,
    only_stripes,
    prompt_talk,
    request_form,
    seen_from_ground,
)
from pairlens.fiftyone_plugin.language.tokens import Word

Find = Callable[[str], Word | None]
FINDERS: dict[str, Find] = {
    one.__name__: one
    for one in (
        request_form, prompt_talk, generic, hardly_visible, seen_from_ground, garbled_request,
        only_stripes,
    )
}  # fmt: skip

SOUND = {
    "request_form": """
Find the place where the bus stands.
Set the bus apart from the road.
Separate the long vehicle with a white roof.
Divide the bus from the road.
Point out which building lies at the top.
Which building is in the upper-left corner?
What is the red object in the upper left?
Place a mask over the truck.
Put an outline around the shed.
Draw a bounding box around the bus located in the upper-right corner of the image.
Create a precise segmentation mask of the truck.
Draw the exact boundary of the pond.
the craft that sails near the bridge
Find the building under construction that has the design of a cross.
Generate the mask of the ship at the pier.
Find the center of the image.
the section of the road
Identify the truck placed in the middle.
Mark the building.
Select the type C truck.
Can you identify the truck?
Find the divided highway.
the split-level house
Identify the car by its make and model lettering.
Determine the building in the upper-left corner.
Find the truck, making sure to include its trailer.
Separate the white car from the others around it.
Cut out the ship at the right.
Is there a tennis court next to the pool? Segment it.
Where is the helipad on the roof?
Find the building that is split by the road.
Determine the position of the bus in the lower left.
Pick the largest building in the image.
""",
    "prompt_talk": """
Find the car parked in the designated parking area.
Find the plane that covers a specific area on the ground.
Find the court with marked boundaries.
Find the field outlined by blue lines.
Find the truck with a box body.
the container box near the dock
Find the shed beside the box hedge.
Find the plane at gate 12.
Find the building at 5 Main Street.
the bus painted in bright colors for better visibility
Find the bus in the given image.
Find the vehicle within the fenced area.
the 40 by 20 m hall
Segment all pixels of the bus.
Find the structure as indicated by its shape.
the court with outlined boundaries
Find the bus in the marked bus lane.
Identify the ship based on its red hull.
Find the house at the point where two roads meet.
the container with a label on its roof
Spot the section of the train at the top right.
the polygon-shaped pond
""",
    "generic": """
the car usually parked beside the red barn
the red bus often seen on roads
Find the two trucks typically used for mining.
the bus in the left corner, usually yellow
Find the black and white cow.
the large white or gray ship next to the pier
the helipad marked with an H, typically round
the truck with a ladder on its roof, commonly used by firefighters
Find the bus with wheels and windows.
the largest truck, usually the one in front
the long rectangle with regularly spaced segments
Find the row of parked buses, usually yellow.
the building in front of the stadium, generally used as a ticket office
Find the damaged house with debris around it, likely hit by the storm.
the car closest to the gate, often a police car
the dark green pond that is usually dry in summer
Locate the white van next to the barn, often used for deliveries.
Find the blue or green car in the last row.
""",
    "hardly_visible": """
the car hidden under trees
Find the dark building against the dim background.
Find the truck partially hidden by the tree.
Find the building without windows.
the building that lacks some walls
the roof without additional features
Find the car in the shadow of the building.
Find the roof with few chimneys.
the road with no markings
Spot the boat in the dark water.
Find the vehicle on a dimly lit road.
the truck on a road with low lighting
the building standing out due to its dark color
Find the building that stands out from the dark scene.
the black truck in the shadow
Find the car that is partly out of the frame.
Find the tree that stands out despite the dark ground.
Find the house without a chimney.
Spot the bridge obscured by trees on one side.
The small vehicle at the top of the image is partially obscured by the greenery.
the roof at the left edge of the picture is dark gray
The shed in the corner of this image has poor paint.
Find the barn even if other sheds are near it.
Locate the field without crops.
Find the road without lighting.
the area without visible structures
the truck with its wheels barely visible
Find the building where no windows are visible.
""",
    "seen_from_ground": """
the sky-blue roof
the bird's-eye view of a bus
the courtyard open to the sky
the house in a remote area
the horse trailer
the hangar with large doors
people near the bus
the person standing next to the car
the cell phone tower
the ship close to the quay
the truck with white letters on its side
the green building with a light facade
Find the carpet of flowers at the left.
Locate the kitchen garden behind the house.
Find the sheep grazing in the field.
Spot the portable toilets next to the field.
""",
    "garbled_request": """
the boat marked by a white stripe
the tank represented by a large white circle
the building depicted in the image
Find the truck, ensuring it is the red one.
Find the car that appears to be white.
Find the features of interest.
the truck in the form of a long rectangle
""",
    "only_stripes": """
the bus with horizontal white stripes
the shed with vertical brown lines
the building with a flat roof and horizontal lines
the lines of the parking lot
the crosswalk with parallel white stripes
""",
}

FOUND = {
    "request_form": """
Arrange the bus at the top-left of the image. => to arrange it
Put the crane in the middle of the picture. => to arrange it
Adjust the building so it is in the upper-right corner. => to arrange it
Improve the view of the truck in the center. => to arrange it
Ensure that the vehicle is placed in the lower-left corner. => to arrange it
Find the truck and place it near the top. => to arrange it
Please split the yellow bus with many windows. => to divide it
Break the long trailer into parts. => to divide it
Break down the wide form with wheels. => to divide it
Segment and split the bus. => to divide it
In the upper corner, partition the hangar. => to divide it
Depict the automobile with a sizable rectangular contour and gleaming surfaces. => to make it
Construct the bus with a rectangular frame and wheels. => to make it
Please sketch the hangar at the edge of the apron. => to make it
Portray a yellow crane beside the river. => to make it
Ascertain the type of the building in the corner. => a name
Identify the name of the facility in the upper-left. => a name
Find out what the structure at the top-left is called. => a name
Specify the building's identity in the upper-right. => a name
In the top-right corner, name the building. => a name
Could you name the structure in the corner? => a name
Find out what kind of vehicle is in the top-left corner. => a kind
Determine what the yellow object in the corner is. => a kind
Determine whether the object is a truck or a bus. => to choose
Is the object in the center a tank or a silo? => to choose
Distinguish between the car and the van. => to choose
Describe the truck in the upper left. => a description
Section off the red-roofed house. => to divide it
Make the truck at the bottom larger. => to arrange it
Classify the vehicle at the top of the image as a car or a bus. => a kind
Label the vehicle in the corner with its class. => a kind
What color is the truck in the lower left? => a property
How many ships are there at the dock? => a property
Find out the function of the building in the top right. => a property
Explain where the helipad is. => a description
Which name does the stadium in the center bear? => a name
Split up the group of cars in the lower right. => to divide it
Separate the ship into bow and stern. => to divide it
Tidy up the truck in the right part of the image. => to arrange it
What would you call the object next to the road? => a name
""",
    "prompt_talk": """
Locate the bus by the provided description. => details
Find the truck using the details given. => details
Segment the car as described. => a description
Find the bus that matches the description. => a description
Find the shed inside the outlined box. => a region
Spot the building within the specified region. => a region
Look for the bus in the specific rectangle. => a region
Find the car within the rectangular boundary provided. => a region
Draw a bounding box around the bus. => a box
Locate the bus enclosed by the box. => a box
Identify the boat along the boundary points. => points
Find the excavator that is out of the image bounds. => the bounds of the image
Find the building for segmentation. => the use of the mask
Spot the car measuring 12 by 20 pixels. => a size in pixels
Find the car that is 12x20 in size. => a size in pixels
Find the bus at x 188 and y 116. => coordinates
Locate the car at 188, 116. => coordinates
Find the bus at the coordinates. => coordinates
Segment the ship within the drawn box. => a box
Identify the car outlined by the polygon. => a box
Segment the object that lies inside the mask. => a mask
Find the object mentioned in the caption. => an annotation
Locate the building referred to in the description. => a description
Locate the bus so that it can be segmented. => the use of the mask
Find the crane to support accurate labeling. => the use of the mask
Find the helipad in the specified section of the image. => a region
Find the ship with the provided label. => details
Find the truck by considering the details you were given. => details
Segment the plane within the region of interest provided. => a region
Locate the tank inside the frame that is marked. => a region
Use the description to locate the shed. => a description
The target is in the box; find the car. => a box
Find the car whose mask is to be drawn. => the use of the mask
""",
    "generic": """
Find the airplane with wings and a tail, normally white. => normally
Spot the bus, which is typically long with many windows. => typically
Locate the vehicle with four wheels as is common in cars. => common
Find the ship with a long hull, frequently painted in white or red. => frequently
Find the truck with shiny surfaces, such as is usual for trucks. => usual
Identify the plane that has a fuselage and wings that are typical for aircraft. => typical
Find the truck that has a black or white body and big wheels. => or
Find the airliner in white, silver, or black with two wings. => or
Find the ship with a long hull and a deck, as ships usually have. => usually
Locate the car with four wheels and windows, in most cases painted in a plain color. => most
Find the harbor crane with a tall frame that one often sees at ports. => often
Locate the cement mixer with a rotating drum, as a rule seen on building sites. => a
Spot the tractor with big tires and a cab, like most tractors. => like
Identify the coach with wheels and windows, as usual. => as
Find the dump truck with big wheels, mostly used at mines. => mostly
Find the fishing vessel with a cabin and nets, usually smaller than cargo ships. => usually
""",
    "hardly_visible": """
Find the car, which can't be clearly seen. => cannot be seen
Locate the truck in the dim image. => said of the image
The image is blurry, but find the car. => said of the image
The quality of the image is poor, but find the car. => said of the image
Find the car, as most of the picture is dark. => said of the image
Spot the ship whose features are obscured. => said of the target
Locate the building with blurred details. => said of its features
Find the building without any recognizable traits. => lack of light or features
Spot the building with no noticeable features. => lack of features
Find the truck with nothing distinguishable about it. => lack of features
Locate the structure that is barely visible. => cannot be seen
Recognize the car, although the black background conceals it. => said despite it
Find the edifice that remains unclear. => said of the target
Determine which car is obscured in the picture. => said of the target
Find the vehicle which appears as a blur. => a blur
Find the truck, with most of it outside the frame. => out of sight
Spot the bus, as it is mostly beyond the visible edge. => out of sight
Spot the car shrouded in darkness. => lost in darkness
Find the car even though it can hardly be made out. => cannot be seen
Locate the truck, although nothing about it stands out. => lack of features
Find the truck with details that are too small to see. => cannot be seen
Find the boat that is almost invisible against the water. => said of the target
Identify the car that blends in completely with the dark road. => lost in its surroundings
Find the bus, most of which lies outside the image. => out of sight
Locate the tank, as far as it can be seen in the murky scene. => said of the image
Identify the truck though there is not enough light. => lack of light or features
Find the truck, of which hardly anything can be seen. => cannot be seen
Locate the boat that fades into the dark water. => lost in its surroundings
Find the truck in the dark, where nothing can be recognized. => lack of features
Find the car, not easily seen in this light. => cannot be seen
""",
    "seen_from_ground": """
Find the tower rising into the sky. => the sky
Spot the building on the skyline. => the sky
Locate the pylon on the horizon. => the horizon
Find the building with a wooden door and brass handle. => a part of a door
Find the shop by the sign above the entrance. => a sign above a door
Spot the bus with a white owl. => an animal
Spot the bird perched on the roof. => an animal
Find the boat that seems to depict a person. => a person
Find the object resembling a remote control. => a device
Find the car hidden by a smartphone. => a device
Find the item in a close-up view. => a close-up
Find the people sitting at a table. => a room
Find the cat sleeping on the hood of the car. => an animal
Find the sunset behind the building. => the sun
Find the driver's face behind the windshield. => clothes or a face
""",
    "garbled_request": """
Find the bus symbolized by a white owl. => it stands for something else
the boat which seems to depict a person instead => it seems to be something else
Identify the truck that is in the form of a truck. => it is what it is
Find the bus, ensuring it does not look like a road. => it speaks of what is not to be there
Spot the lined features of the beige building. => it asks for the features of an object
""",
    "only_stripes": """
Find the structure with brown and black horizontal lines. => plain
the building marked by colored bands => plain
the building with warped stripes and a roof => broken
""",
}

FOUND_CASES = [
    (name, *line.rsplit(" => ", 1))
    for name, lines in FOUND.items()
    for line in lines.strip().splitlines()
]


@pytest.mark.parametrize(
    ("name", "query"), [(n, q) for n, qs in SOUND.items() for q in qs.strip().splitlines()]
)
def test_nothing_is_found(name: str, query: str) -> None:
    assert FINDERS[name](query) is None


@pytest.mark.parametrize(("name", "query", "value"), FOUND_CASES)
def test_is_found(name: str, query: str, value: str) -> None:
    said = FINDERS[name](query)
    assert said is not None
    assert (said.value, query[said.start : said.end]) == (value, said.text)


@given(st.text(alphabet=st.sampled_from("aeiou .,'-20xoftheandisor"), max_size=400))
def test_no_text_raises(query: str) -> None:
    for find in (*FINDERS.values(), comparisons):
        find(query)


@pytest.mark.parametrize("name", FINDERS)
def test_long_texts_take_no_time(name: str) -> None:
    """A pattern that backtracks would take minutes."""
    started = time.process_time()
    for word in ("the designated ", "no clear ", "often white or ", "door ", "lines, ", "to the "):
        FINDERS[name](word * 4000)
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("the car on the right", []),
        ("the building with a lighter roof", []),
        ("a third of the image", []),
        ("the largest building", ["most large"]),
        ("the leftmost of the two trucks", ["most left"]),
        ("the second car from the left", ["number 2"]),
        ("the last plane in the row", ["number -1"]),
        ("the car longer than the others", ["more long"]),
        ("the biggest tank, taller than the shed", ["most large", "more tall"]),
    ],
)
def test_comparisons(query: str, values: list[str]) -> None:
    assert [word.value for word in comparisons(query)] == values
