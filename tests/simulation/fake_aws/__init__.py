"""The AWS calls that cirrus and the product make, in memory and without time of their own."""
