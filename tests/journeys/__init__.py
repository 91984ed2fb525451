"""Ways of people through the pages, in a real browser against a real server."""
