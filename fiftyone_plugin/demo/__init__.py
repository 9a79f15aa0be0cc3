"""Generated datasets in the native layouts, for the demo, the tests and the benchmarks.

Scenes are drawn, written as GRES, RefSegRS, RSTeller or RS-GPT4V are published, and damaged in
known ways, so that what the checks find can be compared with what is there. Only what runs the
demo imports FiftyOne.
"""
