"""The encoder's dock: what the network sees, where else it sees it, and why."""
