"""Reading a terms document: every clause checked and compiled, with the clause in every refusal."""
