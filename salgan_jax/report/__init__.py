"""One HTML page of a run or of several: question, scores, curves, pictures, configs."""
