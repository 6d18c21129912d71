"""One TFDS builder per dataset, each writing the record format of `records.py`."""
