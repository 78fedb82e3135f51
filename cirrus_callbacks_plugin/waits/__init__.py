"""The tracking table: its definition, its rows, and the one module that talks to it."""
