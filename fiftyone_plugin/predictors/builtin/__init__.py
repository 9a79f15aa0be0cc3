"""The predictors that PairLens brings, a module with a ``SPEC`` each; further ones go here."""
