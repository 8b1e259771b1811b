"""Where environments installed before the move look for the plugin."""

from mock_server.client.entry.my_account_mock_plugin import *  # noqa: F403
