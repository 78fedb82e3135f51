"""A batch of the tracking table's stream, its filters, and where failed records go."""
