"""From samples to windows: filters, resampling, the signal path, cutting.

Imports `core`.
"""
