"""Who waits for whom: the graph of open waits, and its pictures."""
