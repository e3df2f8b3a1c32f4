"""Fitting a model to one person: their labelled minutes move the last layer, and no more."""
