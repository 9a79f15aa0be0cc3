"""Measures images, the colors of targets, and edited masks, which imports do not measure."""
