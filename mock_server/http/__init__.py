"""From the socket to a handler and back: documents, routes, messages, problems."""
