"""The judges of PairLens, one module each."""
