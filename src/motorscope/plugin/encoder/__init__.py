"""What the encoder sees."""
