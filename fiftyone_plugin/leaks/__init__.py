"""What stands in several datasets or splits: images, masks and texts."""
