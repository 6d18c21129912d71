"""Files for the public benchmarks: made from a checkpoint, and checked."""
