"""A state machine's definition with positions: JSON, YAML, templates, and its states."""
