"""Another set of picks: taken over, or compared with those of the review."""
