"""What the page is made of: HTML, a style sheet and scripts."""
