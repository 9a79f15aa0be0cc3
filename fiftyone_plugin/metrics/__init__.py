"""Scoring of referring segmentation: kernels, conventions, summaries, runs."""
