"""Doors for coders: sheets, projects of coding programs, lists of disagreements."""
