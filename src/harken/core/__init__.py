"""What everything else stands on: errors, recordings, labels, atomic files, archives.

Imports nothing else of Harken.
"""
