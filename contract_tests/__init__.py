"""Judges whether an implementation keeps the contract of the My Account API."""
