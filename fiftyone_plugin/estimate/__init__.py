"""How many pairs are bad: a random sample that a person judges, and what follows from it."""
