"""The shared words: tables, settings, errors, units and quarters. Imports nothing of the project."""
