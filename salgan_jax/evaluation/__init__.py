"""Scoring maps of any model beside the baselines; `protocol` is the story."""
