"""Finds images, masks and texts that are in several datasets or splits."""
