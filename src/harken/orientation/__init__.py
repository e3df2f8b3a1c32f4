"""How a device sits on its wearer: gait, cadence, heading, mounting.

Imports `core` and `signal`.
"""
