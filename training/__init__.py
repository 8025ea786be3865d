"""From recordings to weights: recipes, batches, the loop, its run folder, and estimates of trained networks."""
