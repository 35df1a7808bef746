"""What a worker does, in whichever process it runs."""
