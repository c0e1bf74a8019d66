"""The language: source text to syntax tree with spans, and syntax tree to graph."""
