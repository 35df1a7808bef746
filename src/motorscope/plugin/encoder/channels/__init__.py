"""The channels of a stage: which of them matter, and their values at a place."""
