"""Is a deployment's callback system whole? One module for each part that is looked at."""
