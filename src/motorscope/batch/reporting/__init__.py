"""What is made of the outcomes of a batch: tables, and a page."""
