"""Image → regions: one pass of a convolutional network, proposals, and a vector for each region."""
