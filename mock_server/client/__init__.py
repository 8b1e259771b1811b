"""What runs beside the tests of clients: a client of the control API, fixtures, replay."""

from typing import TYPE_CHECKING

__all__ = ["Customer", "MockError", "MockServer", "Sandbox"]

if TYPE_CHECKING:
    from mock_server.client.client import Customer, MockError, MockServer, Sandbox
else:

    def __getattr__(name: str) -> object:
        # The pytest plugin lives here too, and no pytest run should pay for an HTTP client unasked.
        from importlib import import_module

        if name not in __all__:
            raise AttributeError(f"{__name__} has no {name}")
        return getattr(import_module("mock_server.client.client"), name)
