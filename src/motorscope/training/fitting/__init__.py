"""The loop of a training, its loss, and what it runs on."""
