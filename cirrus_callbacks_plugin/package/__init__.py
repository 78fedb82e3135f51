"""Zips for Lambda: cirrus's own with the hooks in it, and one for sender and reconciler."""
