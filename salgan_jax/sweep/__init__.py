"""Many runs of one config that differ in some fields, and what came of them."""
