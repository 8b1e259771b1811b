"""What stands between the socket and a handler, one job each."""
