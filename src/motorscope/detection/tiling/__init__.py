"""Cutting a volume into windows, which of them to look at again, and putting outputs together."""
