"""From an outcome to an answer: the rules, settling, answering, one log line for each step."""
