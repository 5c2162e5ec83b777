"""Give every pixel its class: from a few scribbles to a training set."""
