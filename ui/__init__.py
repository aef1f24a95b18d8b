"""What the pages share: session state, the one Markdown renderer, the views of answers and sources."""
