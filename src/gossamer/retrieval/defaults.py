"""What holds where nobody says anything; imports nothing, so that the command line can know it."""

ENCODER = "bm25"
"""How a new index turns text into vectors."""
