"""Harmless variants: what an implementation may do, and no law may mind."""
