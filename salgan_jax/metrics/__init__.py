"""Scores of saliency maps in the convention of the MIT/Tübingen benchmark.

The numbers follow pysaliency (the code behind the MIT/Tübingen Saliency Benchmark).
They are not the numbers of the older MIT MATLAB code nor of the SALICON evaluation
code, which differ in the standard deviation (NSS), in the treatment of repeated
fixations (NSS, AUC-Judd) and in a min-max step (SIM).
"""
