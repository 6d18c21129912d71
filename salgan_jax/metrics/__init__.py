"""Scores of saliency maps, each written once; `conventions` has the differences.

By default they are those of the MIT/Tübingen Saliency Benchmark (pysaliency). The older
MIT MATLAB code and SALICON's evaluation code give other numbers under the same names.
"""
