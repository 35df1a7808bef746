"""The folder of a batch: outcomes, who works on which, what is left to do."""
