"""Everything that people read: terminal text, Markdown, and the HTML pages."""
