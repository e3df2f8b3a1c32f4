"""How long things take, each beside its peers in one run; written into docs/performance.md.

    make bench
    python -m benchmarks.performance [PART...] [--rounds N]

Needs the real archives: set $HARKEN_DATA to their folder. Peers live in environments of their own
(`make peers peers-tensorflow`); where one is missing its line says so, and the others go on.
"""
