"""The programs of a run compiled ahead, for TPUs that need not be there."""
