"""From notebooks to files: run, record, compare, reproduce, archive."""
