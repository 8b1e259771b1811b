"""A stateful reference server of the My Account API."""

__version__ = "0.1.0"
