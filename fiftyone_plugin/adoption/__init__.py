"""Makes pairs of the labels of a FiftyOne dataset that PairLens did not import."""
