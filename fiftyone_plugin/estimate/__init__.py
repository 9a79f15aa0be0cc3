"""Estimates how many pairs are bad, from a random sample that a reviewer judges."""
