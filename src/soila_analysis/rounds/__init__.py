"""Several rounds of coding side by side, and what one decision would change."""
