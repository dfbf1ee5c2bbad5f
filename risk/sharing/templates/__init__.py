"""Templates: terms of the common agreements, made from a deal's own figures."""
