"""Weights of other programs, read without executing anything, as our parameters."""
