"""What is about positions: everything that localizes, its errors, delays, and recordings heard otherwise."""
