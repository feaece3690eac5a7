"""Whether the parts that work by the clock still do: a sign of life from each, and what its silence means."""
