"""From a recording or a stream and a model file to activities.

Predictor, smoothing, abstention, bouts and summary. Loads without torch.
"""
