"""The comparisons of the paper, each with one command: runs, scores and tables."""
