"""Mutants in single records: sums, states and what excludes what; a module for each resource."""
