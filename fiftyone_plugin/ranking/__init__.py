"""A model of the verdicts: how likely each pair is bad, and the order of a review by it."""
