"""Events: one function for each kind; it reads the body, moves the counters and posts."""
