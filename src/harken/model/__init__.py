"""The model file: its contract, card, checks and runtime; the models that ship.

Loads without torch.
"""
