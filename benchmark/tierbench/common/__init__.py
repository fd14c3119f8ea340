"""What all other folders use: errors, text, files, images, registries and the schema of a run."""
