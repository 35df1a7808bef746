"""What of the encoder is written to files."""
