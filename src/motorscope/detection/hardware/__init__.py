"""What this machine's devices can do, and what to do when they cannot."""
