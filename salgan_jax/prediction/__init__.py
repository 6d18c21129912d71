"""Prediction of many files: images, folders, lists, videos and cameras.

`story` tells it, and is what `launch/predict.py` calls.
"""
