"""A join: one token that waits for many payloads; request, rows, deciding, result."""
