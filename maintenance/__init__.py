"""What only those who keep this repository run."""
