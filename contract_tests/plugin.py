"""Where environments installed before the move look for the plugin."""

from contract_tests.entry.my_account_contract_plugin import *  # noqa: F403
