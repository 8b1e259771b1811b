"""
How fast the mock answers, as ratios within one run: `make bench`.

The servers are processes with sockets, pinned to one core; wrk asks from another, as a browser does
(`Origin`, `Accept-Encoding: gzip`). Rounds are interleaved, so that a busy machine slows all alike,
and the median counts. *Hot* is the same request again, *cold* has no two requests alike.
"""
