"""Tests of one's own workflows: the pytest fixture ``cirrus_stack``."""
