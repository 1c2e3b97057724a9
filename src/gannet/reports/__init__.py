"""What people read of a run: one HTML file, pictures, a table."""
