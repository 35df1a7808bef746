"""The file that edits are written to as they happen: where it is, what it says, and its lines."""
