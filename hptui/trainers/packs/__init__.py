"""Trials that share one process, the host: it holds the base model and computes; each attempt keeps a client.

The host of a slot is `host`; the worker of an attempt that uses it is a `client`, which appends the attempt's events
and passes on its end. What a trainer must offer to be hosted is in `protocol`.
"""
