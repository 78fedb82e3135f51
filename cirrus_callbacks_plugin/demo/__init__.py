"""``cirrus-callbacks demo``: what it plays, and how that is judged."""
