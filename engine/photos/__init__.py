"""From files to photos: finding them, decoding them upright, and what their files say about them."""
