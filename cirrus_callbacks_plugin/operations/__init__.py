"""What an on-call engineer does with a deployment: look, understand, repair, check."""
