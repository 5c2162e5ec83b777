"""What the training engine costs beside a bare loop and its peers."""
