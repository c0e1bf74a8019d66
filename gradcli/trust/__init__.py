"""Whether numbers can be trusted: checks, claims, cases for CI, reference vectors."""
