"""From a notebook to files that say what they were made from, and back."""
