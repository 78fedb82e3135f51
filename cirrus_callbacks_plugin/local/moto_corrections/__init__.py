"""Where moto's parts differ from AWS's: the one place that patches moto, a file a topic."""
