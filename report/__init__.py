"""Results made readable: tables and the published numbers beside them."""
