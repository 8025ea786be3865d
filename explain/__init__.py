"""Explanations of any network: attribution methods, what removing input does, how sure that is. No task, no units."""
