"""Pages of the town's places: what maps draw, and the tree with its import and export."""
