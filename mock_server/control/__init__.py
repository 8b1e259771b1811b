"""The table of contents: the handlers of the control API, spec/control.yaml, by subject."""

from mock_server.control import faults, journal, people, sandboxes, server, time

SUBJECTS = (server, sandboxes, people, time, faults, journal)
