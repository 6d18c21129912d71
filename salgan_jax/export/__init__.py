"""A trained generator in the formats of other programs, each checked when written."""
