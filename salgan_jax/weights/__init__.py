"""Weights that others trained: read from their files, grafted into our parameters."""
