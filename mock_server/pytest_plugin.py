"""Where environments installed before the move look for the plugin."""

from mock_server.client.pytest_plugin import *  # noqa: F403
