"""Whether a model should rather say that it is not sure of a window.

Three signs are looked at, and any of them is enough:

- the top probability is low: the window lies between activities (Chow, 1970; of a calibrated
  network it is the chance to be right);
- the embedding, the network's features of it, is far from what it was of every activity in the
  training data (Mahalanobis distance: Lee, Lee, Lee, Shin, NeurIPS 2018);
- the signals themselves are stiller, stronger or rougher than those of people were, or gravity is
  not in them. A network has no reason to keep what tells a device on a desk from a person who lies
  still: its embeddings of both are near, so the signals have to be asked.

The last two call a window unlike the training data, however high the probability is.
"""

from harken.model.abstention.distance import EmbeddingDistance
from harken.model.abstention.signals import SignalModel
from harken.model.abstention.thresholds import Abstention

__all__ = ["Abstention", "EmbeddingDistance", "SignalModel"]
