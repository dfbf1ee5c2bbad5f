"""Use cases of agreements, one file each."""
