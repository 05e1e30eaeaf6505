"""Complete walks over all pages, and the state of each app that results from them."""
