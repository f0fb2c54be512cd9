"""The part of a review that asks models: who is asked, what about, and what becomes of their answers."""
