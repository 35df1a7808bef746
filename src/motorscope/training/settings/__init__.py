"""The settings of a training: what a TOML file may say, and what is checked of it."""
