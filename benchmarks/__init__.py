"""Speed and accuracy as ratios measured in one run."""
