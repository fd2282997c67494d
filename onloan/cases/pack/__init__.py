"""The copy of everything that is kept about a person: its sources, how they are read, and what they become."""
