"""The page of a pack that a person reads: each section puts some of its sources into words."""
