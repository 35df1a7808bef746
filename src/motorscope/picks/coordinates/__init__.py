"""Files of coordinates over tomograms that are open: whose picks they are, and where they lie."""
