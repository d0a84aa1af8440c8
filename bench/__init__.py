"""Figures and their ratios: `make bench`."""
