"""From the publishers' files to arrays: builders, records, images, fixations."""
