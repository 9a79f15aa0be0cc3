"""What can be suggested for a finding: one pure function for each check that has an answer.

A suggestion is made from what is stored of the samples of an image, and offered only where the
checks, run on the changed samples, find nothing that they did not find before.
"""
