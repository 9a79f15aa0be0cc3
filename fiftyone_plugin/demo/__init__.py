"""Generated datasets in the native layouts, for the demo, the tests and the benchmarks.

Scenes are drawn, written as GRES or RefSegRS are published, and damaged in known ways, so
that what the checks find can be compared with what is there. Nothing here imports FiftyOne.
"""
