"""Explanations of any network: attribution methods, what removing input does, and how sure that is. No task, no units."""
