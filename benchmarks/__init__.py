"""What salgan_jax costs, beside a peer doing the same in the same run."""

# What `launch/benchmark.py` measures unless told what, and what else it can.
PARTS = ("steps", "input", "tails", "growth")
LONG_PARTS = ("whole_run",)
