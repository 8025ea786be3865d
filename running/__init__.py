"""How a script runs: its arguments, errors, files, ranks and record of origin."""
