"""Pure ground that every other folder stands on: errors, text, images, files."""
