"""Where a task token may travel; tokens are found and taken out here."""
