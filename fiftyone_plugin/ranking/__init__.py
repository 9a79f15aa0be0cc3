"""Estimates from the verdicts how likely each pair is bad, and orders a review by it."""
