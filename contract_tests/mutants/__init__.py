"""Mutants: ways for an implementation to be wrong, and harmless variants that keep the contract."""
