"""Spoken digits: who says which, as a network hears it (after AudioMNIST, Becker et al., 2018 and 2024)."""
