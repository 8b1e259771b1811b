"""Faults in pages of orders: how they are asked for, what they show and what they tell."""

from mock_server.breakages.pagination import asking, links, meta, walking

PARTS = (asking, walking, meta, links)
