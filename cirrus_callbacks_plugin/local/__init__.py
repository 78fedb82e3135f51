"""A Cirrus deployment on one's own machine: moto's server, real handlers, real ASL."""
