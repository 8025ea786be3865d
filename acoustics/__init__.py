"""Sound: rooms and their impulse responses, speech, recordings and time delays."""
