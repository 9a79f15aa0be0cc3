"""The predictors of PairLens: one module with a ``SPEC`` each."""
