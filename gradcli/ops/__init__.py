"""The op table: one row a primitive, each with its mathematics, documentation and test box."""
