"""Measures what imports do not: images, the colors of targets in them, and edited masks."""
