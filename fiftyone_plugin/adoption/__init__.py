"""Takes the pairs of a FiftyOne dataset that no import made, out of fields of its own."""
