"""Batch jobs over stored collections: shards and engines.

Finished shards are kept; a killed one is done again.
"""
