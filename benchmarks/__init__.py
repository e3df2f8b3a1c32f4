"""Figures about speed and accuracy, each made by a command. Never part of the tests."""
