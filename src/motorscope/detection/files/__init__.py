"""Detection in files: what is asked, what is checked first, and what a run leaves on disk."""
