"""What is asked about picks: why they are some, what is like them, what another model sees."""
