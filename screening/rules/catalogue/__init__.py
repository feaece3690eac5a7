"""The catalogue of evidence, one file for each group of items."""
