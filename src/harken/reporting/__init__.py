"""Every picture and report.

Imports `evaluation` and what lies below; computes no figure itself.
"""
