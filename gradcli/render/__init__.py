"""Results and errors as text for people, as JSON, and as files. The only importer of rich."""
