"""From a recording to windows that a model or a training can use: the one preparation.

Inspection, placement, mounting, filters and cutting, in this order, for predict, score, live
replay and personalise alike. Imports `readers`, `inspection`, `orientation`, `signal` and `core`.
"""

from harken.preparation.prepare import Prepared, Settings, Target, prepare

__all__ = ["Prepared", "Settings", "Target", "prepare"]
