"""Terms in plain sentences, in both languages, from the same data."""
