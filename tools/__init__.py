"""Programs that make files of the tree; the server needs none of them."""
