"""Detection: what is asked of the network, and the heatmap that comes back."""
