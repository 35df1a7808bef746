"""Sets of picks put together: a person's with a search, with another set, with what looks alike."""
