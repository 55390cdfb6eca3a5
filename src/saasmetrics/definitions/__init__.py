"""What metrics.yaml means: typed, merged with the catalogue, resolved."""
