"""What a machine's data looks like on its way: where the payload is, and where it is lost."""
