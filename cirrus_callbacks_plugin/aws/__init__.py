"""How AWS is called: batch reads, calls side by side, deadlines, pacing, error codes."""
