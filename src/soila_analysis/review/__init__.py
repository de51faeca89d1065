"""The published review: what it printed, and what that implies."""
