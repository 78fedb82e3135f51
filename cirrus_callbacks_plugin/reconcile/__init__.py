"""Repairs what AWS lost: which case a row is in, and which of settle and answer mends it."""
