"""The review of picks: what is decided and corrected, and everything that shows it."""
