"""The event sources that AWS runs and moto does not: each takes what is there to its lambda."""
